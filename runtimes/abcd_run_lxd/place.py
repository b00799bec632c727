"""Where an instance goes: profiles, storage pool and network are found, not assumed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pylxd import Client

from abcd_run.errors import LaunchFailed, UsageError
from abcd_run.model import Plan
from abcd_run_lxd import trusted
from abcd_run_lxd.document import Place

NO_POOL = "sudo lxd init --minimal, or: lxc storage create default dir"
NONE = "none"
Facts = Mapping[str, Any]


def find(client: Client, plan: Plan, *, project: str) -> Place:
    """Return the place for a plan. Raises `UsageError` or `LaunchFailed`."""
    options = plan.options
    known = _all(client, "profiles")
    profiles = _profiles(options.get("profiles"), known, plan)
    devices = [device for name in profiles for device in known[name]["devices"].values()]
    pool = str(options.get("pool") or "")
    network = str(options.get("network") or "")
    pools = _all(client, "storage-pools")
    none: Facts = {}
    given = next((device for device in devices if device.get("path") == "/"), none)
    usable = given.get("pool") in pools
    root: Mapping[str, str] | None = None
    if pool or plan.resources.disk or not usable:
        root = given
        pool = pool or (given["pool"] if usable else _first_pool(pools))
    if not network and not any(device["type"] == "nic" for device in devices):
        network = _first_network(_all(client, "networks").values())
    return Place(
        profiles=profiles,
        pool=pool,
        root=root,
        network="" if network == NONE else network,
        cut_off=tuple(_cards(known, profiles)) if network == NONE else (),
        low_level=_allows(client, project, "restricted.containers.lowlevel"),
        publishes=_allows(client, project, "restricted.devices.proxy"),
    )


def _all(client: Client, kind: str) -> dict[str, Facts]:
    found = client.api[kind].get(params={"recursion": 1}).json()["metadata"] or []
    return {one["name"]: one for one in found}


def _profiles(wanted: object, known: Mapping[str, Facts], plan: Plan) -> tuple[str, ...]:
    if wanted is None:
        return ("default",)
    assert isinstance(wanted, Sequence)
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"{plan.profile}: on.lxd.profiles: lxd has no profile {name!r}",
                details=f"it has {', '.join(sorted(known))}",
                remedy=f"lxc profile create {name}",
            )
        if not (plan.rootful or name == "default" or trusted.trusts_profile(known[name])):
            raise UsageError(
                f"{plan.profile}: on.lxd.profiles: {name!r} gives more than a network and a disk",
                details=f"it could give the instance rights on this host: lxc profile show {name}",
                remedy="another profile; or --rootful, if this is meant",
            )
    return tuple(wanted)


def _first_pool(pools: Iterable[str]) -> str:
    names = sorted(pools, key=lambda name: (name != "default", name))
    if not names:
        raise LaunchFailed("lxd has no storage pool", remedy=NO_POOL)
    return names[0]


def _first_network(networks: Iterable[Facts]) -> str:
    """Return a managed bridge, empty where there is none: ports are published without, too."""
    found = (one["name"] for one in networks if one["managed"] and one["type"] == "bridge")
    return next(found, "")


def _cards(known: Mapping[str, Facts], profiles: Iterable[str]) -> list[str]:
    pairs = (pair for name in profiles for pair in known[name]["devices"].items())
    return [name for name, device in pairs if device["type"] == "nic"]


def _allows(client: Client, project: str, key: str) -> bool:
    """Say whether a project lets its users do something; those that restrict nothing do."""
    if not project:
        return True
    config = client.api.projects[project].get().json()["metadata"]["config"]
    return bool(config.get("restricted") != "true" or config.get(key) == "allow")
