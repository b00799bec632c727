"""The folder of one machine: its seed, console log, sockets. It lies where only its user may look.

The folder is called by the machine's id. What has no machine is left from one that ended by itself
or whose launch was killed: whoever makes one holds a lock on it.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from abcd_run.host import xdg

SOCKETS = ("virtqemud-sock", "libvirt-sock")
"""What a session's daemon listens on, in its folder."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one machine, some of which there may not be."""

    folder: Path

    @property
    def seed(self) -> Path:
        """The CD that tells the machine who it is."""
        return self.folder / "seed.iso"

    @property
    def log(self) -> Path:
        """What the machine has printed on its serial console."""
        return self.folder / "console.log"

    @property
    def variables(self) -> Path:
        """What UEFI keeps between two starts."""
        return self.folder / "variables.fd"

    @property
    def known_hosts(self) -> Path:
        """The machine's ssh host key, once it was seen."""
        return self.folder / "known_hosts"

    def screen(self, protocol: str) -> Path:
        """Return the socket of the machine's screen."""
        return self.folder / f"{protocol}.sock"

    def remove(self) -> None:
        """Remove it all; no-op when it is gone."""
        shutil.rmtree(self.folder, ignore_errors=True)


def homes() -> list[Path]:
    """Return the folders of all places, the one for new ones first.

    A session's own is gone when the host starts anew. Machines that were begun while there was no
    session, as by cron, stay where they are when there is one.
    """
    session = xdg.runtime_dir()
    own = [session / "abcd-run"] if session else []
    return [folder / "libvirt" for folder in (*own, xdg.cache())]


def daemons() -> list[Path]:
    """Return the folders in which this user's libvirt may be, the one for new machines first."""
    session = xdg.runtime_dir()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [folder / "libvirt" for folder in ([session] if session else []) + [Path(cache)]]


def place(machine: str) -> Place:
    """Return the place of a machine, which need not be there."""
    there = [home / machine for home in homes()]
    return Place(next((one for one in there if one.is_dir()), there[0]))


@contextmanager
def made(machine: str) -> Iterator[Place]:
    """Make the place of a machine that is about to be; remove it again when that fails."""
    found = place(machine)
    found.folder.mkdir(mode=0o700, parents=True)
    try:
        with _locked(found.folder):
            yield found
    except BaseException:
        found.remove()
        raise


def finished() -> list[Place]:
    """Return the places that nobody is just making, whether they have a machine or not.

    Ask for these before the machines: whatever is finished then has one, or never will.
    """
    folders = (one for home in homes() if home.is_dir() for one in sorted(home.iterdir()))
    return [Place(one) for one in folders if _is_free(one)]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_free(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
