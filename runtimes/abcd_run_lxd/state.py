"""An instance as LXD tells of it."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from abcd_run.backend import record
from abcd_run.host import this_host
from abcd_run.model import Instance, RootHeld
from abcd_run_lxd import document

Facts = Mapping[str, Any]


def is_ours(facts: Facts) -> bool:
    """Say whether this user's abcd-run made an instance; a copy of one, by hand, is none."""
    config = facts["config"]
    mine = config.get(document.OWNER) == str(os.getuid())
    named = config.get(document.LABEL + record.NAME) == facts["name"]
    return mine and named and document.LABEL + record.MARK in config


def brief(facts: Facts) -> Instance:
    """Return an instance without what its processes and network tell."""
    return Instance(
        name=facts["name"],
        runtime="lxd",
        runtime_id=facts["name"],
        labels=document.labels(facts["config"]),
        running=facts["status"] == "Running",
        state=str(facts["status"]).lower(),
        ports=document.published(facts["devices"] or {}),
        password=facts["config"].get(document.PASSWORD, ""),
        publishers=(0,),  # LXD's own proxies
    )


def instance(facts: Facts) -> Instance:
    """Return an instance of which LXD also told the state."""
    found = brief(facts)
    state = facts.get("state") or {}
    if not found.running or not state:
        return found
    root = _host_root(int(state["pid"]), facts["config"])
    return replace(
        found,
        ports=found.ports or _own_ports(found, address(state)),
        host_root=root,
        root=RootHeld.UNKNOWN if root is None else RootHeld.MAPPED,
    )


def _host_root(pid: int, config: Mapping[str, str]) -> int | None:
    """Return the host's uid of root inside: by its process, or by what LXD says that it mapped."""
    root = this_host.uid_map_root(pid)
    if root is not None:
        return root
    try:
        ranges = json.loads(config["volatile.idmap.current"])
        uids = (one for one in ranges if one["Isuid"])
        return next((int(one["Hostid"]) for one in uids if one["Nsid"] == 0), None)
    except (KeyError, TypeError, ValueError):
        return None


def address(state: Facts) -> str:
    """Return the address by which this host reaches an instance, empty while it has none."""
    return next(_addresses(state), "")


def _addresses(state: Facts) -> Iterator[str]:
    for name, card in (state.get("network") or {}).items():
        for one in card["addresses"]:
            if name != "lo" and one["family"] == "inet" and one["scope"] == "global":
                yield str(one["address"])


def _own_ports(found: Instance, at: str) -> dict[int, tuple[str, int]]:
    """Return the ports of an instance of which none could be published, at its own address."""
    services = record.read(found.labels).services
    return {service.port: (at, service.port) for service in services} if at else {}
