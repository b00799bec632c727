"""The folder of one forward: what its process must know, and where it listens.

The process holds a lock on the file `alive`, which the kernel releases however it ends.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcd_run import limits
from abcd_run.host import locks, xdg
from abcd_run_kubernetes import instances
from abcd_run_kubernetes.names import FORWARD, LOOPBACK

if TYPE_CHECKING:
    from abcd_run_kubernetes.kubeconfig import Place

HOME = "kubernetes"


@dataclass(frozen=True, slots=True)
class Spec:
    """What to forward: ports of a pod, each to a port of this host, 0 for any.

    `uid` tells the pod from a later one of the same name; `server` its cluster from another.
    """

    pod: str
    uid: str
    server: str
    namespace: str
    address: str
    ports: dict[str, int]


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one forward; some may not exist."""

    path: Path

    @property
    def alive(self) -> Path:
        """The file that the process holds as long as it lives."""
        return self.path / "alive"

    @property
    def complaints(self) -> Path:
        """What the process itself complained about."""
        return self.path / "forward.log"

    def spec(self) -> Spec | None:
        """Return what to forward; None if the folder is no forward's."""
        with suppress(TypeError):
            return Spec(**_read(self.path / "spec.json"))
        return None

    def pid(self) -> int:
        """Return the process's number; 0 if there never was one."""
        started = _read(self.path / "started.json").get("pid")
        return started if isinstance(started, int) else 0

    def ports(self) -> dict[int, tuple[str, int]]:
        """Return address and port on this host of each port of the pod; empty without a process."""
        if not self.runs():
            return {}
        spec, told = self.spec(), _read(self.path / "started.json").get("ports")
        if spec is None or not isinstance(told, dict):
            return {}
        return {int(inside): (spec.address, int(port)) for inside, port in told.items()}

    def write(self, name: str, facts: dict[str, Any]) -> None:
        """Write one of the files whole, or not at all; no-op if the folder is gone."""
        part = self.path / f"{name}.part"
        with suppress(FileNotFoundError):
            part.write_text(json.dumps(facts))
            part.rename(self.path / f"{name}.json")

    def runs(self) -> bool:
        """Say whether its process is alive."""
        try:
            return locks.is_claimed(self.alive)
        except OSError:
            return False

    def remove(self) -> None:
        """Remove the folder; no-op if it is gone."""
        shutil.rmtree(self.path, ignore_errors=True)


def of(uid: str) -> Folder:
    """Return the folder of a pod's forward; it may not exist."""
    there = [home / _key(uid) for home in _homes()]
    return Folder(next((path for path in there if path.is_dir()), there[0]))


def make(spec: Spec) -> Folder:
    """Make the folder of a forward, or take the one of an earlier process."""
    there = of(spec.uid)
    locks.private_folder(there.path)
    there.write("spec", asdict(spec))
    return there


def every() -> Iterator[Folder]:
    """Yield the folders of all forwards of this user."""
    for home in _homes():
        for path in sorted(home.iterdir()) if home.is_dir() else ():
            if path.is_dir() and path.stat().st_uid == os.getuid():
                yield Folder(path)


def spec(pod: dict[str, Any], place: "Place") -> Spec:
    """Return what to forward to a pod: the ports that it has, where the user wanted them."""
    meta = pod["metadata"]
    wanted = _document(str((meta.get("annotations") or {}).get(FORWARD, "")))
    fixed = wanted.get("ports")
    numbers = fixed if isinstance(fixed, dict) else {}
    return Spec(
        pod=str(meta["name"]),
        uid=str(meta["uid"]),
        server=place.server,
        namespace=place.namespace,
        address=str(wanted.get("address") or LOOPBACK),
        ports={str(one): int(numbers.get(str(one), 0)) for one in instances.ports(pod)},
    )


def _homes() -> list[Path]:
    """Return the places for folders: the session's, which a reboot empties, and the cache."""
    session = xdg.runtime_dir()
    own = [session / "abcd-run"] if session else []
    return [place / HOME for place in (*own, xdg.cache())]


def _key(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:16]


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return _document(opened.read(limits.JSON_BYTES))
    except OSError:
        return {}


def _document(text: str | bytes) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
