"""The folder of a process of ours that outlives the launch: what it was told, and what it tells.

Only its user has access. The process holds a lock on the file `alive`, which the kernel releases
however it ends.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abcd_run import limits
from abcd_run.host import locks, this_host, xdg


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """The files of one process; some may not exist."""

    path: Path

    @property
    def alive(self) -> Path:
        """The file that the process holds as long as it lives."""
        return self.path / "alive"

    def runs(self) -> bool:
        """Say whether the process is alive."""
        try:
            return locks.is_claimed(self.alive)
        except OSError:
            return False

    def started(self) -> dict[str, Any]:
        """Return the `pid` of the last process and where it listens; empty before there was one."""
        return self.read("started")

    def read(self, name: str) -> dict[str, Any]:
        """Return what one of the files says; empty if it is missing or no JSON object."""
        try:
            with (self.path / f"{name}.json").open("rb") as opened:
                facts = json.loads(opened.read(limits.JSON_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def write(self, name: str, facts: Mapping[str, Any]) -> None:
        """Write one of the files whole, or not at all; no-op if the folder is gone."""
        part = self.path / f"{name}.part"
        with suppress(FileNotFoundError):
            part.write_text(json.dumps(facts))
            part.rename(self.path / f"{name}.json")

    def remove(self) -> None:
        """Remove the folder; no-op if it is gone."""
        import shutil  # noqa: PLC0415  (`ps` starts faster)

        shutil.rmtree(self.path, ignore_errors=True)


def homes(kind: str) -> list[Path]:
    """Return the places for the folders of one kind; new ones go to the first.

    The session's place is emptied when the host reboots. What was started without a session, for
    example by cron, stays where it is when a session begins.
    """
    session = xdg.runtime_dir()
    own = [session / "abcd-run"] if session else []
    return [place / kind for place in (*own, xdg.cache())]


def there(kind: str, name: str) -> Path:
    """Return the path of a folder by its name; it may not exist."""
    places = [home / name for home in homes(kind)]
    return next((path for path in places if path.is_dir()), places[0])


def every(kind: str) -> Iterator[Path]:
    """Yield the paths of all folders of one kind that are this user's."""
    for home in homes(kind):
        for path in sorted(home.iterdir()) if home.is_dir() else ():
            if path.is_dir() and _is_ours(path):
                yield path


def _is_ours(path: Path) -> bool:
    return not this_host.numbers_users() or path.stat().st_uid == this_host.user()
