"""The folder of one forward: what its process must know, and where it listens."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcd_run.backend import own_folder
from abcd_run.host import locks
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
class Folder(own_folder.OwnFolder):
    """The files of one forward; some may not exist."""

    @property
    def complaints(self) -> Path:
        """What the process itself complained about."""
        return self.path / "forward.log"

    def spec(self) -> Spec | None:
        """Return what to forward; None if the folder is no forward's."""
        with suppress(TypeError):
            return Spec(**self.read("spec"))
        return None

    def ports(self) -> dict[int, tuple[str, int]]:
        """Return address and port on this host of each port of the pod; empty without a process."""
        if not self.runs():
            return {}
        spec, told = self.spec(), self.started().get("ports")
        if spec is None or not isinstance(told, dict):
            return {}
        return {int(inside): (spec.address, int(port)) for inside, port in told.items()}


def of(uid: str) -> Folder:
    """Return the folder of a pod's forward; it may not exist."""
    return Folder(own_folder.there(HOME, hashlib.sha256(uid.encode()).hexdigest()[:16]))


def make(spec: Spec) -> Folder:
    """Make the folder of a forward, or take the one of an earlier process."""
    there = of(spec.uid)
    locks.private_folder(there.path)
    there.write("spec", asdict(spec))
    return there


def every() -> Iterator[Folder]:
    """Yield the folders of all forwards of this user."""
    yield from map(Folder, own_folder.every(HOME))


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


def _document(text: str | bytes) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
