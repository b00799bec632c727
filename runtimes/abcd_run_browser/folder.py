"""The folder of one instance, named after it, where only its user has access.

A folder is made beside its place and renamed: what has the name is whole. Its server holds a lock
on the file `alive`, which the kernel releases however the server ends.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from abcd_run import limits
from abcd_run.errors import NameTaken
from abcd_run.host import locks, xdg

PART = ".part-"
HOME = "browser"


@dataclass(frozen=True, slots=True)
class Spec:
    """All that a server must know. `port` 0 means any free one; `site` is the folder of the page.

    `seed` says who the machine is, as the variables that ABCD images read.
    """

    labels: dict[str, str]
    user: str
    password: str
    seed: dict[str, str]
    site: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one instance; some may not exist."""

    path: Path

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.path.name

    @property
    def alive(self) -> Path:
        """The file that a server holds as long as it lives."""
        return self.path / "alive"

    @property
    def console(self) -> Path:
        """What the machine printed, as far as a tab has told it."""
        return self.path / "console.log"

    @property
    def complaints(self) -> Path:
        """What the server itself complained about."""
        return self.path / "server.log"

    def spec(self) -> Spec | None:
        """Return what the server must know; None if the folder is no instance's."""
        with suppress(TypeError):
            return Spec(**_read(self.path / "instance.json"))
        return None

    def started(self) -> dict[str, Any]:
        """Return the `pid` and `port` of the last server; empty before there was one."""
        return _read(self.path / "started.json")

    def told(self) -> dict[str, Any]:
        """Return what the server knows of the tab: `stage`, `why`, whether it is `shown`, `ended`.

        It is no older than a second if the server is alive.
        """
        return _read(self.path / "told.json")

    def write(self, name: str, facts: dict[str, Any]) -> None:
        """Write one of the files whole, or not at all; no-op if the folder is gone."""
        part = self.path / f"{name}.part"
        with suppress(FileNotFoundError):
            part.write_text(json.dumps(facts))
            part.rename(self.path / f"{name}.json")

    def runs(self) -> bool:
        """Say whether its server is alive."""
        try:
            return locks.is_claimed(self.alive)
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the folder; no-op if it is gone."""
        import shutil  # noqa: PLC0415  (`ps` starts faster)

        shutil.rmtree(self.path, ignore_errors=True)


def homes() -> list[Path]:
    """Return the places for instances' folders; new ones go to the first.

    The session's place is emptied when the host reboots. What was started without a session, for
    example by cron, stays where it is when a session begins.
    """
    session = xdg.runtime_dir()
    own = [session / "abcd-run"] if session else []
    return [place / HOME for place in (*own, xdg.cache())]


def of(name: str) -> Folder:
    """Return the folder of an instance; it may not exist."""
    there = [home / name for home in homes()]
    return Folder(next((path for path in there if path.is_dir()), there[0]))


def every() -> list[Folder]:
    """Return the folders of all instances."""
    return [Folder(path) for path in _paths() if not path.name.startswith(".")]


def make(name: str, spec: Spec) -> None:
    """Make the folder of a new instance. Raises `NameTaken`."""
    home = homes()[0]
    with _part(home) as part:
        Folder(part).write("instance", asdict(spec))
        try:
            if of(name).path.is_dir():
                raise FileExistsError(name)
            part.rename(home / name)
        except OSError as error:
            remedy = f"abcd-run stop {name}, or choose another --name"
            raise NameTaken(f"there is a {name} already", remedy=remedy) from error


@contextmanager
def _part(home: Path) -> Iterator[Path]:
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    locks.private_folder(home)
    part = Path(tempfile.mkdtemp(dir=home, prefix=PART))
    claim = locks.claimed(part)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if claim:
            claim.release()


def prune() -> None:
    """Remove the folders that killed launches left half-made."""
    import shutil  # noqa: PLC0415

    for path in _paths():
        with suppress(OSError):
            broken = path.name.startswith(PART) or Folder(path).spec() is None
            if broken and not locks.is_claimed(path):
                shutil.rmtree(path, ignore_errors=True)


def _paths() -> list[Path]:
    return [
        path
        for home in homes()
        if home.is_dir()
        for path in sorted(home.iterdir())
        if path.is_dir() and path.stat().st_uid == os.getuid()
    ]


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            facts = json.loads(opened.read(limits.JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
