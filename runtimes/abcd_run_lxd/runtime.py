"""LXD as a runtime."""

import itertools
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from pylxd import Client
from pylxd.exceptions import LXDAPIException, NotFound

from abcd_run.backend import record
from abcd_run.concurrency.cancel import check, current
from abcd_run.errors import ArtifactError, NoRuntime
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_lxd import (
    console,
    creation,
    environment,
    images,
    inside,
    native,
    operations,
    place,
    ports,
    state,
)
from abcd_run_lxd.errors import is_busy, is_slow, passes, translated
from abcd_run_lxd.service import Server

ASK_SECONDS = 15
LIST_SECONDS, ONE_SECONDS = 1.0, 2.0
"""The same for the list of all instances and for one of them: together what `ps` waits for."""

ASKERS = 8
"""How many instances LXD is asked about at the same time."""

ADDRESS_SECONDS = 10.0
"""How long an instance may take to get an address, where its ports cannot be published."""

BUSY_SECONDS = 20.0
"""How long LXD may be busy with what is to be removed: a port that is taken costs it 7."""

LOOK_SECONDS = 0.005
LOOKS_PER_QUESTION = 10
BUSY_LOOK_SECONDS = 0.05


class LxdRuntime(Runtime):
    """The LXD that this user may talk to."""

    name = "lxd"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._threads = threading.local()
        self._reserved: dict[str, ports.Reserved] = {}

    @property
    def client(self) -> Client:
        """The client of this thread: sessions of requests are not made for several threads."""
        if not hasattr(self._threads, "client"):
            self._threads.client = Client(
                endpoint=str(self._server.socket),
                project=self._server.project or None,
                timeout=ASK_SECONDS,
            )
        return self._threads.client

    def probe(self) -> Probe:
        """See the contract."""
        try:
            with translated("say what it is", otherwise=NoRuntime):
                client = self.client
                pools = client.api.storage_pools.get().json()["metadata"]
        except NoRuntime as error:
            return Probe(problem=Problem(f"{error.message}: {error.details}", error.remedy))
        if not pools:
            return Probe(problem=Problem("it has no storage pool", place.NO_POOL))
        return Probe(version=str(client.host_info["environment"]["server_version"]))

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        with translated("say what it is made of", otherwise=NoRuntime):
            return {"lxd": str(self.client.host_info["environment"]["server_version"])}

    def check(self, plan: Plan) -> None:
        """See the contract."""
        with translated("be asked what it has", otherwise=NoRuntime):
            creation.check(self.client, self._server, plan)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:  # noqa: ARG002
        """See the contract; what LXD is given was brought here before, so nothing is pulled."""
        with translated(f"get {artifact.name}", otherwise=ArtifactError):
            return images.provided(self.client, artifact, say=say)

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        with translated(f"create {plan.name}"):
            told = images.described(self.client, image)
            made = creation.prepare(self.client, self._server, plan, told)
            try:
                body = made.body(plan.name, image)
                operations.done(self.client, self.client.api.instances.post(json=body))
            except BaseException:
                made.reserved.release()
                raise
            if made.seed:
                self._put_seed(plan.name, made)
        self._reserved[plan.name] = made.reserved
        return plan.name

    def _put_seed(self, name: str, made: creation.Creation) -> None:
        try:
            environment.put_seed(self.client, name, made.seed)
        except BaseException:
            made.reserved.release()
            self.remove(name)
            raise

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        reserved = self._reserved.pop(runtime_id, None)
        try:
            with translated("start it"):
                self._start(runtime_id, reserved.ports.values() if reserved else ())
                return self._started(runtime_id)
        finally:
            if reserved:
                reserved.release()

    def _start(self, name: str, wanted: Collection[int]) -> None:
        """Start it, patiently: another launch that tried for the same name keeps it busy."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._start_once(name, wanted)
            except LXDAPIException as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            current().wait(BUSY_LOOK_SECONDS)
            check()

    def _start_once(self, name: str, wanted: Collection[int]) -> None:
        """Start it, and return as soon as its ports are LXD's.

        LXD itself waits for a whole second then, as it does for every proxy device.
        """
        body = {"action": "start", "timeout": -1, "force": False}
        operation = operations.begun(self.client.api.instances[name].state.put(json=body))
        for look in itertools.count(1):
            if wanted and ports.listens(wanted):
                return
            if look % LOOKS_PER_QUESTION == 0 and operations.is_over(self.client, operation):
                return
            time.sleep(LOOK_SECONDS)

    def _started(self, name: str) -> Instance:
        deadline = time.monotonic() + ADDRESS_SECONDS
        while True:
            (found,) = self._one(name, detail=True)
            wants_address = found.running and record.read(found.labels).services
            if found.ports or not wants_address or time.monotonic() > deadline:
                return found
            time.sleep(BUSY_LOOK_SECONDS)

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        with translated("list its instances", otherwise=NoRuntime):
            if only:
                return self._called(only, detail=detail)
            if detail:
                return self._each()
            return self._listed(ASK_SECONDS)

    def _listed(self, seconds: float) -> list[Instance]:
        found = self._get(self.client.api.instances, 1, seconds)
        return [state.brief(facts) for facts in found if state.is_ours(facts)]

    def _each(self) -> list[Instance]:
        """Ask for each instance by itself: one that hangs is the failure of no other."""
        names = self._names()
        with ThreadPoolExecutor(min(len(names), ASKERS) or 1) as askers:
            return [one for found in askers.map(self._at_once, names) for one in found]

    def _names(self) -> list[str]:
        """Return the names of this user's instances, or of all: LXD's list waits for each state."""
        try:
            return [one.name for one in self._listed(LIST_SECONDS)]
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        urls = self._get(self.client.api.instances, 0)
        return [url.partition("?")[0].rpartition("/")[2] for url in urls]

    def _at_once(self, name: str) -> list[Instance]:
        try:
            return self._one(name, detail=True, seconds=ONE_SECONDS)
        except LXDAPIException:
            return []
        except requests.RequestException as error:
            if is_slow(error):
                return []
            raise

    def _called(self, name: str, *, detail: bool) -> list[Instance]:
        """Return an instance, without details where it hangs: to be shown, and to be stopped."""
        if not detail:
            return self._one(name, detail=False)
        try:
            return self._one(name, detail=True, seconds=ONE_SECONDS)
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        return self._one(name, detail=False)

    def _one(self, name: str, *, detail: bool, seconds: float = ASK_SECONDS) -> list[Instance]:
        node = self.client.api.instances[name]
        try:
            facts = self._get(node, 1 if detail else 0, seconds)
        except NotFound:
            return []
        if not state.is_ours(facts):
            return []
        return [state.instance(facts) if detail else state.brief(facts)]

    def _get(self, node: Any, recursion: int, seconds: float = ASK_SECONDS) -> Any:
        answer = node.get(params={"recursion": recursion}, timeout=seconds)
        return answer.json()["metadata"] or []

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        if reserved := self._reserved.pop(runtime_id, None):
            reserved.release()
        deadline = time.monotonic() + BUSY_SECONDS
        with translated("remove it"):
            while True:
                try:
                    facts = self._get(self.client.api.instances[runtime_id], 0)
                    if not state.is_ours(facts):
                        return  # ours is gone, and somebody else was given its name
                    self._remove(runtime_id, stopped=facts["status"] == "Stopped")
                except NotFound:
                    return
                except LXDAPIException as error:
                    if not passes(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(BUSY_LOOK_SECONDS)

    def _remove(self, name: str, *, stopped: bool) -> None:
        node = self.client.api.instances[name]
        if not stopped:
            body = {"action": "stop", "timeout": -1, "force": True}
            operations.done(self.client, node.state.put(json=body))
        operations.done(self.client, node.delete())

    def prune(self) -> None:
        """See the contract."""
        with translated("remove old images"):
            images.prune(self.client)

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        with translated("be asked for it"):
            config = self._get(self.client.api.instances[instance.runtime_id], 0)["config"]
        return inside.line(
            self._server.program(),
            instance.runtime_id,
            command,
            user=user or config.get("image.oci.user", ""),
            folder=config.get("image.oci.folder", ""),
            tty=tty,
        )

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with translated("read the console"):
            yield from console.read(self.client, instance.runtime_id, follow=follow)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        with translated("be asked what it has", otherwise=NoRuntime):
            alias = images.alias_of(artifact)
            found = images.fingerprint(self.client, alias) if artifact.id else ""
            told = images.described(self.client, found) if found else images.UNKNOWN
            made = creation.prepare(self.client, self._server, plan, told)
            made.reserved.release()
        first = [] if found else native.import_lines(self._server.program(), plan, alias)
        return native.lines(self._server.program(), plan, made, alias, first=first)
