"""The layer of a folder `files/`: its tree as it is, with owners and modes of our own.

A checkout's modes and owners depend on its user and umask: only the executable bit counts. All
belongs to root, except what is below `home`, which belongs to the image's user, and is private to
them.
"""

import tarfile
from pathlib import Path
from tempfile import TemporaryFile

from abcd_run.build.bench import Bench
from abcd_run.build.stack import Step
from abcd_run.oci.compose import add_layer

MTIME = 1767225600
"""Seconds since 1970: one date for all, so that the same files give the same layer."""
USER = 1000
"""The uid and gid of an image's user, until start-up gives them another."""


def layer(files: Path, key: str, bench: Bench) -> Step:
    """Return the step that puts a tree over what is below."""
    bench.say("adding files")
    with TemporaryFile(dir=bench.work) as tar:
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as out:
            for path in sorted(files.rglob("*")):
                out.add(path, _name(path, files), recursive=False, filter=_plain)
        tar.seek(0)
        return Step(key, (add_layer(bench.store, tar),))


def _name(path: Path, files: Path) -> str:
    return str(path.relative_to(files))


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if not (entry.isfile() or entry.isdir() or entry.issym() or entry.islnk()):
        return None  # a socket or a pipe in a checkout is nobody's intention
    entry.mtime, entry.pax_headers = MTIME, {}
    top, _, inside = entry.name.partition("/")
    theirs = top == "home" and bool(inside)
    entry.uid = entry.gid = USER if theirs else 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    if theirs and entry.isdir() and "/" not in inside:
        entry.mode = 0o750
    return entry
