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

from abcd_run import places


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


def home() -> Path:
    """Return the folder of all places: a session's own, which is gone when the host starts anew."""
    session = places.runtime_dir()
    return (session / "abcd-run" if session else places.cache()) / "libvirt"


def daemon() -> Path:
    """Return the folder of the session's libvirt, which without XDG_RUNTIME_DIR is in the cache."""
    session = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_CACHE_HOME")
    return (Path(session) if session else Path.home() / ".cache") / "libvirt"


def place(machine: str) -> Place:
    """Return the place of a machine, which need not be there."""
    return Place(home() / machine)


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
    try:
        folders = sorted(home().iterdir())
    except FileNotFoundError:
        return []
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
