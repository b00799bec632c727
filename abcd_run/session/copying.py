"""Copy files into instances and out of them."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from abcd_run import limits
from abcd_run.concurrency.cancel import heeding
from abcd_run.model import Instance
from abcd_run.session import inside
from abcd_run.session.opened import Opened
from abcd_run.transfer.meter import Meter
from abcd_run.transfer.values import Copied
from abcd_run.units import LIMIT, parse_size

if sys.platform == "win32":
    from abcd_run.transfer import not_here as copying
else:
    from abcd_run.transfer import copying

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def words(given: Paths) -> list[str]:
    """Return one path or several as they were given; a slash at the end means a folder."""
    several = [given] if isinstance(given, str | os.PathLike) else given
    return [os.fspath(one) for one in several]


def size(most: int | str | None) -> int:
    """Read the most bytes that may come out of an instance. Raises `UsageError`."""
    if most is None:
        return limits.COPY_BYTES
    return parse_size(most if isinstance(most, str) else f"{most}")


def copy_in(
    opened: Opened, instance: Instance, sources: Sequence[str], to: str, *, user: str | None
) -> Copied:
    """Copy from this host."""
    run = partial(inside.line, opened, instance, user=user, tty=False)
    meter = _meter(opened, instance, LIMIT)
    return copying.put(sources, to, name=instance.name, run=run, meter=meter)


def copy_out(
    opened: Opened,
    instance: Instance,
    paths: Sequence[str],
    to: str,
    *,
    user: str | None,
    most: int,
) -> Copied:
    """Copy to this host, at most so many bytes."""
    run = partial(inside.line, opened, instance, user=user, tty=False)
    if len(paths) > 1:
        to = str(Path(to)) + "/"
    copied = Copied()
    for path in paths:
        meter = _meter(opened, instance, most - copied.bytes)
        copied += copying.take(path, to, name=instance.name, run=run, meter=meter)
    return copied


def _meter(opened: Opened, instance: Instance, most: int) -> Meter:
    return Meter(most=most, say=heeding(partial(opened.teller().say, instance.name)))
