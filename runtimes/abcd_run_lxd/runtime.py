"""LXD as a runtime."""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from pylxd import Client
from pylxd.exceptions import LXDAPIException, NotFound

from abcd_run.backend import record
from abcd_run.backend.at_home import at_home
from abcd_run.concurrency.cancel import check, current
from abcd_run.errors import ArtifactError, NoRuntime
from abcd_run.model import SUSPENDED, Artifact, Instance, Plan
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_lxd import (
    console,
    creation,
    environment,
    images,
    inside,
    native,
    operations,
    placement,
    ports,
)
from abcd_run_lxd.errors import is_busy, passes, translated
from abcd_run_lxd.instances import ASK_SECONDS, Instances, is_ours
from abcd_run_lxd.service import Server

ADDRESS_SECONDS = 10.0
"""How long an instance may take to get an address if its ports cannot be published."""

BUSY_SECONDS = 20.0
"""How long LXD may be busy with an instance: a port conflict costs it 7 seconds."""

LOOK_SECONDS = 0.005
LOOKS_PER_QUESTION = 10
BUSY_LOOK_SECONDS = 0.05


class LxdRuntime(Runtime):
    """The LXD that this user may talk to."""

    name = "lxd"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._threads = threading.local()
        self._instances = Instances(lambda: self.client)
        self._reserved: dict[str, ports.Reserved] = {}

    @property
    def client(self) -> Client:
        """The client of this thread: sessions of `requests` are not thread-safe."""
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
            with translated("report its version", otherwise=NoRuntime):
                client = self.client
                pools = client.api.storage_pools.get().json()["metadata"]
        except NoRuntime as error:
            return Probe(problem=Problem(f"{error.message}: {error.details}", error.remedy))
        if not pools:
            return Probe(problem=Problem("it has no storage pool", placement.NO_POOL))
        return Probe(version=str(client.host_info["environment"]["server_version"]))

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        with translated("list its components", otherwise=NoRuntime):
            return {"lxd": str(self.client.host_info["environment"]["server_version"])}

    def check(self, plan: Plan) -> None:
        """See the contract."""
        with translated("list its resources", otherwise=NoRuntime):
            creation.check(self.client, self._server, plan)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:  # noqa: ARG002
        """See the contract; the artifact is already on this host, so nothing is pulled."""
        with translated(f"get {artifact.name}", otherwise=ArtifactError):
            return images.provided(self.client, artifact, say=say)

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        with translated(f"create {plan.name}"):
            described = images.described(self.client, image)
            made = creation.prepare(self.client, self._server, plan, described)
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
            with translated("start the instance"):
                self._start(runtime_id, reserved.ports.values() if reserved else ())
                return self._started(runtime_id)
        finally:
            if reserved:
                reserved.release()

    def _start(self, name: str, wanted: Collection[int]) -> None:
        """Start it; another launch that wants the same name keeps it busy."""
        _not_while_busy(lambda: self._start_once(name, wanted))

    def _start_once(self, name: str, wanted: Collection[int]) -> None:
        """Start it, and return as soon as LXD listens on its ports.

        LXD itself would wait another full second, as it does for every proxy device.
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
            (instance,) = self._instances.one(name, detail=True)
            wants_address = instance.running and record.read(instance.labels).services
            if instance.ports or not wants_address or time.monotonic() > deadline:
                return instance
            time.sleep(BUSY_LOOK_SECONDS)

    def restart(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated("restart the instance"):
            self._change(runtime_id, "restart")
            return self._started(runtime_id)

    def suspend(self, runtime_id: str) -> None:
        """See the contract."""
        with translated("suspend the instance"):
            if not self._is_suspended(runtime_id):
                self._change(runtime_id, "freeze")

    def resume(self, runtime_id: str) -> None:
        """See the contract."""
        with translated("resume the instance"):
            if self._is_suspended(runtime_id):
                self._change(runtime_id, "unfreeze")

    def _is_suspended(self, name: str) -> bool:
        return any(one.state == SUSPENDED for one in self._instances.one(name, detail=False))

    def _change(self, name: str, action: str) -> None:
        # Killed where it restarts: it may take no signal that LXD knows.
        body = {"action": action, "timeout": -1, "force": action == "restart"}
        state = self.client.api.instances[name].state
        # It may have been started a moment ago, which keeps it busy for another second.
        _not_while_busy(lambda: operations.done(self.client, state.put(json=body)))

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        with translated("list its instances", otherwise=NoRuntime):
            if only:
                return self._instances.called(only, detail=detail)
            return self._instances.each() if detail else self._instances.listed()

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        if reserved := self._reserved.pop(runtime_id, None):
            reserved.release()
        deadline = time.monotonic() + BUSY_SECONDS
        with translated("remove the instance"):
            while True:
                try:
                    facts = self._instances.facts(runtime_id)
                    if not is_ours(facts):
                        return  # ours is gone, and another instance has its name
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
        with translated("look up the instance"):
            config = self._instances.facts(instance.runtime_id)["config"]
        who = user or config.get("image.oci.user", "")
        return inside.line(
            self._server.program(),
            instance.runtime_id,
            at_home(instance, command, user=who),
            user=who,
            folder=config.get("image.oci.folder", ""),
            tty=tty,
        )

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with translated("read the console"):
            yield from console.read(self.client, instance.runtime_id, follow=follow)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        with translated("list its resources", otherwise=NoRuntime):
            alias = images.alias_of(artifact)
            digest = images.fingerprint(self.client, alias) if artifact.id else ""
            image = images.described(self.client, digest) if digest else images.UNKNOWN
            made = creation.prepare(self.client, self._server, plan, image)
            made.reserved.release()
        first = [] if digest else native.import_lines(self._server.program(), plan, alias)
        return native.lines(self._server.program(), plan, made, alias, first=first)


def _not_while_busy(act: Callable[[], object]) -> None:
    """Do something with an instance once LXD does nothing else with it. Raises `Interrupted`."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            act()
        except LXDAPIException as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        else:
            return
        current().wait(BUSY_LOOK_SECONDS)
        check()
