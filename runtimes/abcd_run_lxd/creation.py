"""From a plan to what LXD is asked to create."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pylxd import Client

from abcd_run import target
from abcd_run.errors import UsageError
from abcd_run.model import Plan
from abcd_run_lxd import document, place, ports, shares
from abcd_run_lxd.images import Image
from abcd_run_lxd.service import Server

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Creation:
    """What an instance is made of, and the ports that are kept for it until it listens."""

    profiles: tuple[str, ...]
    config: Mapping[str, str]
    devices: Mapping[str, Mapping[str, str]]
    reserved: ports.Reserved
    seed: bytes = b""
    """What is put in as a file before the start; empty where it has another way in."""

    def body(self, name: str, fingerprint: str) -> dict[str, Any]:
        """Return the body of the request."""
        return {
            "name": name,
            "source": {"type": "image", "fingerprint": fingerprint},
            "profiles": list(self.profiles),
            "config": self.config,
            "devices": self.devices,
        }


def prepare(client: Client, server: Server, plan: Plan, image: Image) -> Creation:
    """Find out what a plan wants on this LXD. Raises `UsageError` or `LaunchFailed`."""
    found = place.find(client, plan, project=server.project)
    features = client.host_info["environment"].get("kernel_features") or {}
    ownership = shares.ownership(
        plan,
        may_map=found.low_level,
        asks_subids=server.newuidmap(),
        kernel_shifts=features.get("idmapped_mounts") == "true",
    )
    config = document.config(plan, image, ownership, low_level=found.low_level)
    # The last thing that can fail: whoever gets ports has to give them back.
    reserved = _reserve(plan, image, publishes=found.publishes)
    devices = document.devices(plan, found, ownership, reserved.ports)
    seed = b"" if found.low_level else plan.seed.file()
    return Creation(found.profiles, config, devices, reserved, seed)


def _reserve(plan: Plan, image: Image, *, publishes: bool) -> ports.Reserved:
    wanted = [service.port for service in plan.services]
    if plan.exposed:
        wanted = target.exposed_tcp(image.ports)
    if publishes:
        return ports.Reserved(plan.address, wanted, plan.ports)
    if plan.ports or plan.address != LOOPBACK:
        raise UsageError(
            "lxd forbids this user to publish ports",
            details="the project of this user is restricted; an instance has its own address",
            remedy=f"leave out --publish and --address, or ask the administrator: {ALLOW}",
        )
    return ports.Reserved(plan.address, (), {})


ALLOW = "lxc project set user-$UID restricted.devices.proxy=allow"
