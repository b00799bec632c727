"""The folder of one machine: its seed, console log and sockets, where only its user has access.

It is named after the machine's id. A folder without a machine is left over from one that ended by
itself or whose launch was killed: the process that makes a folder holds a lock on it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from abcd_run.host import locks, xdg


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one machine; some may not exist."""

    path: Path

    @property
    def seed(self) -> Path:
        """The seed CD, which identifies the machine."""
        return self.path / "seed.iso"

    @property
    def log(self) -> Path:
        """The machine's output on its serial console."""
        return self.path / "console.log"

    @property
    def variables(self) -> Path:
        """The variables that UEFI keeps between boots."""
        return self.path / "variables.fd"

    @property
    def known_hosts(self) -> Path:
        """The machine's ssh host key, after the first connection."""
        return self.path / "known_hosts"

    def screen(self, protocol: str) -> Path:
        """Return the socket of the machine's screen."""
        return self.path / f"{protocol}.sock"

    def remove(self) -> None:
        """Remove the folder; no-op if it is gone."""
        shutil.rmtree(self.path, ignore_errors=True)


def homes() -> list[Path]:
    """Return the places for machines' folders; new ones go to the first.

    The session's place is emptied when the host reboots. Machines started without a session, for
    example by cron, stay where they are when a session begins.
    """
    session = xdg.runtime_dir()
    own = [session / "abcd-run"] if session else []
    return [folder / "libvirt" for folder in (*own, xdg.cache())]


def of(machine: str) -> Folder:
    """Return the folder of a machine; it may not exist."""
    there = [home / machine for home in homes()]
    return Folder(next((path for path in there if path.is_dir()), there[0]))


@contextmanager
def made(machine: str) -> Iterator[Folder]:
    """Make the folder of a new machine; remove it again if the block fails."""
    folder = of(machine)
    folder.path.mkdir(mode=0o700, parents=True)
    try:
        with _locked(folder.path):
            yield folder
    except BaseException:
        folder.remove()
        raise


def finished() -> list[Folder]:
    """Return the folders that no process is still making, with or without a machine.

    Call this before listing the machines: a folder that is finished by then has its machine, or
    never will.
    """
    paths = (path for home in homes() if home.is_dir() for path in sorted(home.iterdir()))
    return [Folder(path) for path in paths if _is_free(path)]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    claim = locks.claimed(path, wait=True)
    try:
        yield
    finally:
        if claim:
            claim.release()


def _is_free(path: Path) -> bool:
    try:
        return path.is_dir() and not locks.is_claimed(path)
    except OSError:  # its owner is unknown, so it stays
        return False
