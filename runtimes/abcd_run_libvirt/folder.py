"""The folder of one machine: its seed, console log, sockets. It lies where only its user may look.

It is called by the machine's id. What has no machine is left from one that ended by itself
or whose launch was killed: whoever makes one holds a lock on it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from abcd_run.host import locks, xdg


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one machine, some of which there may not be."""

    path: Path

    @property
    def seed(self) -> Path:
        """The CD that tells the machine who it is."""
        return self.path / "seed.iso"

    @property
    def log(self) -> Path:
        """What the machine has printed on its serial console."""
        return self.path / "console.log"

    @property
    def variables(self) -> Path:
        """What UEFI keeps between two starts."""
        return self.path / "variables.fd"

    @property
    def known_hosts(self) -> Path:
        """The machine's ssh host key, once it was seen."""
        return self.path / "known_hosts"

    def screen(self, protocol: str) -> Path:
        """Return the socket of the machine's screen."""
        return self.path / f"{protocol}.sock"

    def remove(self) -> None:
        """Remove it all; no-op when it is gone."""
        shutil.rmtree(self.path, ignore_errors=True)


def homes() -> list[Path]:
    """Return where machines have their folders, the place for new ones first.

    A session's own is gone when the host starts anew. Machines that were begun while there was no
    session, as by cron, stay where they are when there is one.
    """
    session = xdg.runtime_dir()
    own = [session / "abcd-run"] if session else []
    return [folder / "libvirt" for folder in (*own, xdg.cache())]


def of(machine: str) -> Folder:
    """Return the folder of a machine, which need not be there."""
    there = [home / machine for home in homes()]
    return Folder(next((one for one in there if one.is_dir()), there[0]))


@contextmanager
def made(machine: str) -> Iterator[Folder]:
    """Make the folder of a machine that is about to be; remove it again when that fails."""
    folder = of(machine)
    folder.path.mkdir(mode=0o700, parents=True)
    try:
        with _locked(folder.path):
            yield folder
    except BaseException:
        folder.remove()
        raise


def finished() -> list[Folder]:
    """Return the folders that nobody is just making, whether they have a machine or not.

    Ask for these before the machines: whatever is finished then has one, or never will.
    """
    folders = (one for home in homes() if home.is_dir() for one in sorted(home.iterdir()))
    return [Folder(one) for one in folders if _is_free(one)]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    opened = locks.opened_folder(path)
    try:
        locks.wait_for(opened)
        yield
    finally:
        os.close(opened)


def _is_free(path: Path) -> bool:
    try:
        opened = locks.opened_folder(path)
    except OSError:  # whose it is cannot be known, so that it stays
        return False
    return not locks.is_held(opened)
