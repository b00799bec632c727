"""What runs, as LXD tells of it."""

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
from abcd_run.model import Instance, RootHeld
from abcd_run_lxd import translate
from abcd_run_lxd.errors import is_slow

ASK_SECONDS = 15
LIST_SECONDS, ONE_SECONDS = 1.0, 2.0
"""The same for the list of all instances and for one of them: together what `ps` waits for."""

ASKERS = 8
"""How many instances LXD is asked about at the same time."""

Facts = Mapping[str, Any]


def is_ours(facts: Facts) -> bool:
    """Say whether this user's abcd-run made an instance; a copy of one, by hand, is none."""
    config = facts["config"]
    mine = config.get(translate.OWNER) == str(os.getuid())
    named = config.get(translate.LABEL + record.NAME) == facts["name"]
    return mine and named and translate.LABEL + record.MARK in config


def brief(facts: Facts) -> Instance:
    """Return an instance without what its processes and network tell."""
    return Instance(
        name=facts["name"],
        runtime="lxd",
        runtime_id=facts["name"],
        labels=translate.labels(facts["config"]),
        running=facts["status"] == "Running",
        state=str(facts["status"]).lower(),
        ports=translate.published(facts["devices"] or {}),
        password=facts["config"].get(translate.PASSWORD, ""),
        publishers=(0,),  # LXD's own proxies
    )


def instance(facts: Facts) -> Instance:
    """Return an instance of which LXD also told the state."""
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


def _own_ports(instance: Instance, at: str) -> dict[int, tuple[str, int]]:
    """Return the ports of an instance of which none could be published, at its own address."""
    services = record.read(instance.labels).services
    return {service.port: (at, service.port) for service in services} if at else {}


@dataclass(frozen=True, slots=True)
class Instances:
    """The instances of this user, asked of LXD; `client` returns the client of a thread."""

    client: Callable[[], Client]

    def listed(self, seconds: float = ASK_SECONDS) -> list[Instance]:
        """Return all of them without details, by one answer."""
        listed = _asked(self.client().api.instances, 1, seconds)
        return [brief(facts) for facts in listed if is_ours(facts)]

    def each(self) -> list[Instance]:
        """Ask for each instance by itself: one that hangs is the failure of no other."""
        names = self._names()
        with ThreadPoolExecutor(min(len(names), ASKERS) or 1) as askers:
            return [one for ones in askers.map(self._at_once, names) for one in ones]

    def _names(self) -> list[str]:
        """Return the names of this user's instances, or of all: LXD's list waits for each state."""
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
        """Return an instance, without details where it hangs: to be shown, and to be stopped."""
        if not detail:
            return self.one(name, detail=False)
        try:
            return self.one(name, detail=True, seconds=ONE_SECONDS)
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        return self.one(name, detail=False)

    def one(self, name: str, *, detail: bool, seconds: float = ASK_SECONDS) -> list[Instance]:
        """Return an instance, none where there is none of ours."""
        node = self.client().api.instances[name]
        try:
            facts = _asked(node, 1 if detail else 0, seconds)
        except NotFound:
            return []
        if not is_ours(facts):
            return []
        return [instance(facts) if detail else brief(facts)]

    def facts(self, name: str) -> Facts:
        """Return all that LXD says of an instance but its state. Raises `NotFound`."""
        facts: Facts = _asked(self.client().api.instances[name], 0)
        return facts


def _asked(node: Any, recursion: int, seconds: float = ASK_SECONDS) -> Any:
    answer = node.get(params={"recursion": recursion}, timeout=seconds)
    return answer.json()["metadata"] or []
