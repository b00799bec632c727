"""The working containers of builds, which buildah leaves behind when it is killed.

It names them after images, so ours cannot be told from other builds by name. Each of our builds
therefore adds a host name, derived from the build's folder, to its containers. The name appears in
buildah's notes, in /etc/hosts while a build command runs, and in no image.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from abcd_run import limits
from abcd_run.host import scratch

NAME = "abcd-run-build-"
SECONDS = 20
NOTES = "*-containers/*/userdata/buildah.json"
"""The notes on each working container, in Podman's store."""


@contextmanager
def tidied(context: Path) -> Iterator[list[str]]:
    """Yield the options of a build, and remove its containers however it ends."""
    discard_abandoned()
    name = NAME + str(context).encode().hex()
    try:
        yield ["--add-host", f"{name}:127.0.0.1"]
    finally:
        _remove([container for container, mark in _marked() if mark == name])


def discard_abandoned() -> None:
    """Remove the containers of our builds that no living process uses."""
    _remove([container for container, mark in _marked() if not _is_busy(mark)])


def _is_busy(mark: str) -> bool:
    context = Path(bytes.fromhex(mark.removeprefix(NAME)).decode())
    return any(scratch.is_held(folder) for folder in context.parents)


def _marked() -> Iterator[tuple[str, str]]:
    """Yield the ids of our builds' containers, each with its mark."""
    for notes in _store().glob(NOTES):
        with suppress(OSError, ValueError, AttributeError):
            with notes.open("rb") as file:
                content = json.loads(file.read(limits.JSON_BYTES))
            hosts = (content.get("CommonBuildOpts") or {}).get("AddHost") or []
            marks = [str(host).partition(":")[0] for host in hosts]
            if mark := next((mark for mark in marks if mark.startswith(NAME)), ""):
                yield notes.parent.parent.name, mark


def _store() -> Path:
    said = _podman("info", "--format", "{{.Store.GraphRoot}}").strip()
    return Path(said or "/nonexistent")


def _remove(containers: list[str]) -> None:
    if containers:
        _podman("rm", "--force", *containers)


def _podman(*arguments: str) -> str:
    """Return podman's output, empty if it fails: cleaning up must not cause an error."""
    with suppress(OSError, subprocess.TimeoutExpired):
        line = ["podman", *arguments]
        ended = subprocess.run(line, check=False, capture_output=True, text=True, timeout=SECONDS)
        return ended.stdout
    return ""
