"""A virtual machine's console output, which its engine writes to a file."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from abcd_run.model import Instance
from abcd_run.runtime import Runtime

PIECE = 1 << 16


def of(
    instance: Instance, path: Path, runtime: Runtime, *, follow: bool, pause: float
) -> Iterator[bytes]:
    """Yield an instance's output from a file; with `follow`, as long as it runs."""
    return read(path, follow=follow, goes_on=partial(_runs, runtime, instance), pause=pause)


def _runs(runtime: Runtime, instance: Instance) -> bool:
    return any(one.running for one in runtime.instances(instance.runtime_id, detail=False))


def read(path: Path, *, follow: bool, goes_on: Callable[[], bool], pause: float) -> Iterator[bytes]:
    """Yield a machine's output from a file, in pieces; with `follow`, while it `goes_on`.

    Without `follow`, stop at the file's initial size: a machine may print faster than we read.
    """
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        left = os.fstat(file.fileno()).st_size
        while not follow and left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
        while follow:
            follow = goes_on()
            while piece := file.read(PIECE):
                yield piece
            if follow:
                time.sleep(pause)
