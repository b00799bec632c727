"""The folder of one instance, named after it, where only its user has access.

A folder is made beside its place and renamed: what has the name is whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from abcd_run.backend import own_folder
from abcd_run.errors import NameTaken
from abcd_run.host import locks

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
class Folder(own_folder.OwnFolder):
    """The files of one instance; some may not exist."""

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.path.name

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
            return Spec(**self.read("instance"))
        return None

    def told(self) -> dict[str, Any]:
        """Return what the server knows of the tab: `stage`, `why`, whether it is `shown`, `ended`.

        It is no older than a second if the server is alive.
        """
        return self.read("told")


def homes() -> list[Path]:
    """Return the places for instances' folders; new ones go to the first."""
    return own_folder.homes(HOME)


def of(name: str) -> Folder:
    """Return the folder of an instance; it may not exist."""
    return Folder(own_folder.there(HOME, name))


def every() -> list[Folder]:
    """Return the folders of all instances."""
    return [Folder(path) for path in own_folder.every(HOME) if not path.name.startswith(".")]


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

    for path in own_folder.every(HOME):
        with suppress(OSError):
            broken = path.name.startswith(PART) or Folder(path).spec() is None
            if broken and not locks.is_claimed(path):
                shutil.rmtree(path, ignore_errors=True)
