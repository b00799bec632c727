"""Choose where an instance goes: look up profiles, storage pool and network, assume nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pylxd import Client

from abcd_run.backend.refusals import refuse_disk
from abcd_run.errors import LaunchFailed, UsageError
from abcd_run.model import Plan
from abcd_run_lxd.options import trusts_profile

NO_POOL = "sudo lxd init --minimal, or: lxc storage create default dir"
NONE = "none"
APART = "security.port_isolation"
Facts = Mapping[str, Any]
Device = dict[str, str]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an instance goes: its profiles, and what they do not provide.

    `root` is the instance's own disk, in `pool`. `cards` are its network cards; some override those
    of the profiles, to cut them off entirely or from other instances. If LXD gives each user a
    project, it may forbid publishing ports, and `low_level`: LXC's own configuration.
    """

    profiles: tuple[str, ...] = ("default",)
    pool: str = ""
    root: Mapping[str, str] | None = None
    cards: Mapping[str, Device] = field(default_factory=dict[str, Device])
    low_level: bool = True
    publishes: bool = True


def find(client: Client, plan: Plan, *, project: str) -> Placement:
    """Return where a plan goes. Raises `UsageError` or `LaunchFailed`."""
    options = plan.options
    known = _all(client, "profiles")
    profiles = _profiles(options.get("profiles"), known, plan)
    given = {key: device for name in profiles for key, device in known[name]["devices"].items()}
    pool = str(options.get("pool") or "")
    pools = _all(client, "storage-pools")
    _check_known("pool", pool, pools, "lxc storage list")
    none: Facts = {}
    disk = next((device for device in given.values() if device.get("path") == "/"), none)
    usable = disk.get("pool") in pools
    root: Mapping[str, str] | None = None
    if pool or plan.resources.disk or not usable:
        root = disk
        pool = pool or (disk["pool"] if usable else _first_pool(pools))
    cards = {key: device for key, device in given.items() if device["type"] == "nic"}
    if plan.resources.disk:
        _check_limits(pool, pools[pool], plan)
    wanted, networks = str(options.get("network") or ""), _all(client, "networks")
    if wanted != NONE:
        managed = [name for name, facts in networks.items() if facts["managed"]]
        _check_known("network", wanted, managed, "lxc network list")
    return Placement(
        profiles=profiles,
        pool=pool,
        root=root,
        cards=network_cards(cards, wanted, networks),
        low_level=_allows(client, project, "restricted.containers.lowlevel"),
        publishes=_allows(client, project, "restricted.devices.proxy"),
    )


def _check_known(key: str, name: str, known: Iterable[str], remedy: str) -> None:
    if name and name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(
            f"on.lxd.{key}: lxd has no {key} {name!r}", details=f"it has {listed}", remedy=remedy
        )


def _check_limits(name: str, pool: Facts, plan: Plan) -> None:
    """Refuse a size that LXD would ignore: a folder has none, except with project quotas."""
    if pool.get("driver") == "dir":
        refuse_disk(
            plan, f"lxd's storage pool {name} is a plain folder, which cannot limit disk sizes"
        )


def _all(client: Client, kind: str) -> dict[str, Facts]:
    listed = client.api[kind].get(params={"recursion": 1}).json()["metadata"] or []
    return {facts["name"]: facts for facts in listed}


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
        if not (plan.rootful or name == "default" or trusts_profile(known[name])):
            raise UsageError(
                f"{plan.profile}: on.lxd.profiles: {name!r} gives more than a network and a disk",
                details=f"it could give the instance rights on this host: lxc profile show {name}",
                remedy="use another profile, or --rootful if this is intended",
            )
    return tuple(wanted)


def _first_pool(pools: Iterable[str]) -> str:
    names = sorted(pools, key=lambda name: (name != "default", name))
    if not names:
        raise LaunchFailed("lxd has no storage pool", remedy=NO_POOL)
    return names[0]


def network_cards(
    given: Mapping[str, Facts], wanted: str, networks: Mapping[str, Facts]
) -> dict[str, dict[str, str]]:
    """Return an instance's network cards; `given` are those of its profiles.

    On LXD's own bridges it reaches the host and beyond, but no other instance isolated in the same
    way. Without a bridge it has no card; its ports are still published.
    """
    if wanted == NONE:
        return {name: {"type": "none"} for name in given}
    bridges = {name: facts for name, facts in networks.items() if _is_bridge(facts)}
    cards = dict(given)
    if network := wanted or ("" if given else next(iter(bridges), "")):
        cards["eth0"] = {"type": "nic", "name": "eth0", "network": network}
    apart = {name for name, facts in bridges.items() if _is_native(facts)}
    return {
        name: {APART: "true", **card} if card.get("network") in apart else dict(card)
        for name, card in cards.items()
    }


def _is_bridge(network: Facts) -> bool:
    return bool(network["managed"] and network["type"] == "bridge")


def _is_native(network: Facts) -> bool:
    """Say whether it is a kernel bridge: Open vSwitch isolates nothing."""
    return bool((network.get("config") or {}).get("bridge.driver", "native") == "native")


def _allows(client: Client, project: str, key: str) -> bool:
    """Say whether a project lets its users do something; an unrestricted project does."""
    if not project:
        return True
    config = client.api.projects[project].get().json()["metadata"]["config"]
    return bool(config.get("restricted") != "true" or config.get(key) == "allow")
