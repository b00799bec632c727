"""Present what LXD reports as instances."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import requests
from pylxd import Client
from pylxd.exceptions import LXDAPIException, NotFound

from abcd_run.backend import record
from abcd_run.host import this_host
from abcd_run.model import SUSPENDED, Instance, RootHeld
from abcd_run_lxd import translate
from abcd_run_lxd.errors import is_slow

ASK_SECONDS = 15
LIST_SECONDS, ONE_SECONDS = 1.0, 2.0
"""The same for the list of all instances and for a single one: `ps` waits for their sum."""

ASKERS = 8
"""How many instances are queried at the same time."""

FROZEN = "Frozen"
NEVER = ("0001-", "1970-01-01")
"""How the time of the last start begins for an instance that was not started yet."""

Facts = Mapping[str, Any]


def is_ours(facts: Facts) -> bool:
    """Say whether this user's abcd-run made an instance; a manual copy does not count."""
    config = facts["config"]
    mine = config.get(translate.OWNER) == str(os.getuid())
    named = config.get(translate.LABEL + record.NAME) == facts["name"]
    return mine and named and translate.LABEL + record.MARK in config


def brief(facts: Facts) -> Instance:
    """Return an instance without the details of its processes and network."""
    return Instance(
        name=facts["name"],
        runtime="lxd",
        runtime_id=facts["name"],
        labels=translate.labels(facts["config"]),
        running=facts["status"] in ("Running", FROZEN),
        state=SUSPENDED if facts["status"] == FROZEN else str(facts["status"]).lower(),
        silent=facts["status"] == FROZEN,
        began=not str(facts.get("last_used_at", "")).startswith(NEVER),
        ports=translate.published(facts["devices"] or {}),
        password=facts["config"].get(translate.PASSWORD, ""),
        publishers=(0,),  # LXD's own proxies
    )


def instance(facts: Facts) -> Instance:
    """Return an instance for which LXD also reported the state."""
    known = brief(facts)
    state = facts.get("state") or {}
    if not known.running or not state:
        return known
    root = _host_root(int(state["pid"]), facts["config"])
    return replace(
        known,
        ports=known.ports or _own_ports(known, address(state)),
        host_root=root,
        root=RootHeld.UNKNOWN if root is None else RootHeld.MAPPED,
    )


def _host_root(pid: int, config: Mapping[str, str]) -> int | None:
    """Return the host's uid of root inside, from its process or from LXD's record of the map."""
    root = this_host.uid_map_root(pid)
    if root is not None:
        return root
    try:
        ranges = json.loads(config["volatile.idmap.current"])
        uids = (entry for entry in ranges if entry["Isuid"])
        return next((int(entry["Hostid"]) for entry in uids if entry["Nsid"] == 0), None)
    except (KeyError, TypeError, ValueError):
        return None


def address(state: Facts) -> str:
    """Return the address at which this host reaches an instance; empty while it has none."""
    return next(_addresses(state), "")


def _addresses(state: Facts) -> Iterator[str]:
    for name, card in (state.get("network") or {}).items():
        for entry in card["addresses"]:
            if name != "lo" and entry["family"] == "inet" and entry["scope"] == "global":
                yield str(entry["address"])


def _own_ports(instance: Instance, at: str) -> dict[int, tuple[str, int]]:
    """Return an instance's ports at its own address, if none could be published."""
    services = record.read(instance.labels).services
    return {service.port: (at, service.port) for service in services} if at else {}


@dataclass(frozen=True, slots=True)
class Instances:
    """The user's instances in LXD; `client` returns the client of the calling thread."""

    client: Callable[[], Client]

    def listed(self, seconds: float = ASK_SECONDS) -> list[Instance]:
        """Return all of them without details, from one request."""
        listed = _asked(self.client().api.instances, 1, seconds)
        return [brief(facts) for facts in listed if is_ours(facts)]

    def each(self) -> list[Instance]:
        """Query each instance separately: one that hangs does not affect the others."""
        names = self._names()
        with ThreadPoolExecutor(min(len(names), ASKERS) or 1) as askers:
            return [one for ones in askers.map(self._at_once, names) for one in ones]

    def _names(self) -> list[str]:
        """Return the names of this user's instances, or of all if LXD's detailed list hangs."""
        try:
            return [one.name for one in self.listed(LIST_SECONDS)]
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        urls = _asked(self.client().api.instances, 0)
        return [url.partition("?")[0].rpartition("/")[2] for url in urls]

    def _at_once(self, name: str) -> list[Instance]:
        try:
            return self.one(name, detail=True, seconds=ONE_SECONDS)
        except LXDAPIException:
            return []
        except requests.RequestException as error:
            if is_slow(error):
                return []
            raise

    def called(self, name: str, *, detail: bool) -> list[Instance]:
        """Return an instance, without details if it hangs, so that it can be shown and stopped."""
        if not detail:
            return self.one(name, detail=False)
        try:
            return self.one(name, detail=True, seconds=ONE_SECONDS)
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        return self.one(name, detail=False)

    def one(self, name: str, *, detail: bool, seconds: float = ASK_SECONDS) -> list[Instance]:
        """Return an instance; an empty list if it is missing or not ours."""
        node = self.client().api.instances[name]
        try:
            facts = _asked(node, 1 if detail else 0, seconds)
        except NotFound:
            return []
        if not is_ours(facts):
            return []
        return [instance(facts) if detail else brief(facts)]

    def facts(self, name: str) -> Facts:
        """Return what LXD says about an instance, except its state. Raises `NotFound`."""
        facts: Facts = _asked(self.client().api.instances[name], 0)
        return facts


def _asked(node: Any, recursion: int, seconds: float = ASK_SECONDS) -> Any:
    answer = node.get(params={"recursion": recursion}, timeout=seconds)
    return answer.json()["metadata"] or []
