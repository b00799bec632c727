"""Artifacts that are folders: complete under their name, or not there."""

from collections.abc import Callable
from pathlib import Path

from abcd_run.host import scratch
from abcd_run.host.part_file import unwritable


def written(out: Path, write: Callable[[Path], None]) -> None:
    """Have `write` make a folder beside OUT, which may be an empty one, and give it that name.

    Raises `ArtifactError` if there is no room or no right.
    """
    try:
        with scratch.held(out.parent, f".{out.name}.part-") as work:
            made = work / out.name
            write(made)
            made.rename(out)  # which replaces an empty folder
    except OSError as error:
        raise unwritable(out, error) from error
