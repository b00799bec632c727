"""Turn a plan into a request to LXD to create an instance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pylxd import Client

from abcd_run.backend import image_ports
from abcd_run.errors import LaunchFailed, UsageError
from abcd_run.model import Plan
from abcd_run_lxd import placement, ports, shares, translate
from abcd_run_lxd.images import UNKNOWN, Image
from abcd_run_lxd.service import Server

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Creation:
    """The parts of an instance, and the ports reserved for it until it listens."""

    profiles: tuple[str, ...]
    config: Mapping[str, str]
    devices: Mapping[str, Mapping[str, str]]
    reserved: ports.Reserved
    seed: bytes = b""
    """The seed file to write before the start; empty if the seed has another way in."""

    def body(self, name: str, fingerprint: str) -> dict[str, Any]:
        """Return the body of the request."""
        return {
            "name": name,
            "source": {"type": "image", "fingerprint": fingerprint},
            "profiles": list(self.profiles),
            "config": self.config,
            "devices": self.devices,
        }


def check(client: Client, server: Server, plan: Plan) -> None:
    """Raise `UsageError` or `LaunchFailed` for what LXD or this user's project refuses."""
    placed = placement.find(client, plan, project=server.project)
    config = translate.config(
        plan, UNKNOWN, _ownership(client, server, plan, placed), low_level=placed.low_level
    )
    if not placed.publishes:
        _refuse_publishing(plan)
    if not placed.low_level and (keys := [key for key in config if key.startswith("raw.")]):
        raise LaunchFailed(
            "lxd does not allow this user what the launch needs",
            details=f"--env, COMMAND, --share and resources.shm need {' and '.join(keys)}",
            remedy="ask the administrator for restricted.containers.lowlevel=allow",
        )


def prepare(client: Client, server: Server, plan: Plan, image: Image) -> Creation:
    """Work out what a plan needs on this LXD. Raises `UsageError` or `LaunchFailed`."""
    placed = placement.find(client, plan, project=server.project)
    ownership = _ownership(client, server, plan, placed)
    config = translate.config(plan, image, ownership, low_level=placed.low_level)
    # Keep this the last step that can fail: reserved ports have to be released.
    reserved = _reserve(plan, image, publishes=placed.publishes)
    devices = translate.devices(plan, placed, ownership, reserved.ports)
    seed = b"" if placed.low_level else plan.seed.file()
    return Creation(placed.profiles, config, devices, reserved, seed)


def _ownership(
    client: Client, server: Server, plan: Plan, placed: placement.Placement
) -> shares.Ownership:
    features = client.host_info["environment"].get("kernel_features") or {}
    return shares.ownership(
        plan,
        may_map=placed.low_level,
        asks_subids=server.newuidmap(),
        kernel_shifts=features.get("idmapped_mounts") == "true",
    )


def _reserve(plan: Plan, image: Image, *, publishes: bool) -> ports.Reserved:
    wanted = [service.port for service in plan.services]
    if plan.exposed:
        wanted = image_ports.exposed_tcp(image.ports)
    if publishes:
        return ports.Reserved(plan.address, wanted, plan.ports)
    return ports.Reserved(plan.address, (), {})


def _refuse_publishing(plan: Plan) -> None:
    if plan.ports or plan.address != LOOPBACK:
        raise UsageError(
            "lxd does not allow this user to publish ports",
            details="this user's project is restricted; each instance has an address of its own",
            remedy=f"leave out --publish and --address, or ask the administrator: {ALLOW}",
        )


ALLOW = "lxc project set user-$UID restricted.devices.proxy=allow"
