"""A fake runtime: instances in memory, each with real sockets on loopback.

Readiness is real, what runs inside is not: for unit tests of code that uses a runtime.

    engine = FakeEngine()
    engine.before["start"] = fails(PortTaken("somebody was quicker"), times=1)
    fake_backend(engine).open()

The entry point `abcd_run.testing.fake:BACKENDS.NAME` refers to the engine `ENGINES[NAME]`.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from abcd_run.backend import oci_engine, record
from abcd_run.errors import AbcdRunError, ArtifactError, LaunchFailed, NameTaken, PortTaken
from abcd_run.model import (
    SUSPENDED,
    Artifact,
    Endpoint,
    Format,
    Instance,
    Plan,
    RootHeld,
    Service,
)
from abcd_run.runtime import Backend, Option, Options, Probe, Problem, Runtime, Say, trusts_all
from abcd_run.testing.page import Greeter, Listener, Page

ROOT = 100_000
"""The host's uid of root inside, as for a user with subordinate ids."""


def fails(error: Exception, *, times: int | None = None) -> Callable[[], None]:
    """Return a function that raises, always or the first `times` times."""
    left = itertools.count() if times is None else iter(range(times))

    def fail() -> None:
        if next(left, None) is not None:
            raise error

    return fail


@dataclass
class Held:
    """An instance as the fake engine holds it."""

    plan: Plan
    runtime_id: str
    image: str
    state: str = "created"
    ports: dict[int, Listener] = field(default_factory=dict[int, Listener])

    def close(self) -> None:
        """Close its listeners."""
        while self.ports:
            self.ports.popitem()[1].close()


@dataclass
class FakeEngine:
    """The engine behind fake runtimes, with switches for everything that can go wrong.

    `before` maps a step (the name of a runtime's method, `missing` or `open`) to a function that
    runs when it begins: it may raise, wait or send a signal. `calls` lists the steps taken.
    `refuses` raises the runtime's objection to a plan.
    A page answers 503 `late` times, then `page` to clients with the password. `dies` ends every
    instance right after its start. `registry` lists what can be pulled; None means everything.
    `one_user` is why nobody inside can be another user.
    With a `picture`, instances have a screen that shows it; `screens` are its addresses.
    """

    name: str = "fake"
    accepts: tuple[str, ...] = (Format.OCI,)
    takes_command: bool = True
    preference: int = 100
    elsewhere: bool = False
    no_folders: bool = False
    at_once: int = 4
    memory: int | None = None
    options: Mapping[str, Option] = field(
        default_factory=lambda: {
            "flavour": Option(str, "what it tastes of"),
            "turbo": Option(bool, "whether it hurries", "false"),
        }
    )
    trusts: Callable[[Options], Problem | None] = trusts_all
    problem: Problem | None = None
    probed: Probe = field(default_factory=lambda: Probe(version="1.0"))
    before: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])
    refuses: Callable[[Plan], None] = lambda _: None
    late: int = 0
    page: int = 200
    host_root: int | None = ROOT
    console: bytes = b"fake: up\n"
    dies: bool = False
    picture: bytes | None = None
    screens: tuple[Endpoint, ...] = ()
    exposes: tuple[int, ...] = ()
    one_user: str = ""
    parts: Mapping[str, str] = field(default_factory=dict[str, str])
    images: set[str] = field(default_factory=set[str])
    registry: set[str] | None = None
    calls: list[str] = field(default_factory=list[str])
    held: dict[str, Held] = field(default_factory=dict[str, Held])
    lock: Lock = field(default_factory=Lock)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def step(self, name: str) -> None:
        """Record a step and run what is switched on for it."""
        self.calls.append(name)
        self.before.get(name, lambda: None)()

    def missing(self) -> Problem | None:
        """Say why this host does not have the engine."""
        self.step("missing")
        return self.problem

    def names(self) -> list[str]:
        """Return the names of all instances."""
        return [one.plan.name for one in self.held.values()]

    def close(self) -> None:
        """End all instances."""
        while self.held:
            self.held.popitem()[1].close()


class FakeRuntime(Runtime):
    """A connection to a fake engine; `home` is where commands run, empty for this user's."""

    name = "fake"
    home = ""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        engine.step("open")

    def probe(self) -> Probe:
        """See the contract."""
        self.engine.step("probe")
        return self.engine.probed

    def check(self, plan: Plan) -> None:
        """See the contract."""
        self.engine.step("check")
        self.engine.refuses(plan)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract."""
        engine, reference = self.engine, artifact.reference or artifact.name
        say(f"pulling {reference}")
        engine.step("provide")
        here = artifact.path is not None or artifact.name in engine.images
        there = engine.registry is None or reference in engine.registry
        if not here and (pull == "never" or not there):
            remedy = "leave out --pull never" if pull == "never" else "abcd-run images"
            raise ArtifactError(f"no image {reference}", remedy=remedy)
        engine.images.add(artifact.name)
        return artifact.name

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        self.engine.step("create")
        with self.engine.lock:
            if plan.name in self.engine.names():
                raise NameTaken(
                    f"there is a {plan.name} already",
                    remedy=f"abcd-run stop {plan.name}, or choose another --name",
                )
            runtime_id = f"{self.engine.name}-{next(self.engine.numbers):04}"
            self.engine.held[runtime_id] = Held(plan, runtime_id, image)
        return runtime_id

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        self.engine.step("start")
        held = self.engine.held.get(runtime_id)
        if held is None:
            raise LaunchFailed(f"{runtime_id} is gone")
        for service in self._services(held.plan):
            try:
                held.ports[service.port] = self._listener(held.plan, service)
            except OSError as error:
                held.close()
                port = held.plan.ports.get(service.port)
                raise PortTaken("port already in use", details=str(error), port=port) from error
        held.state = "running"
        started = _instance(self.engine, held)
        if self.engine.dies:
            held.state = "exited with status 1"
            held.close()
        return started

    def restart(self, runtime_id: str) -> Instance:
        """See the contract."""
        self.engine.step("restart")
        self.engine.held[runtime_id].close()
        return self.start(runtime_id)

    def suspend(self, runtime_id: str) -> None:
        """See the contract."""
        self.engine.step("suspend")
        self.engine.held[runtime_id].state = SUSPENDED

    def resume(self, runtime_id: str) -> None:
        """See the contract."""
        self.engine.step("resume")
        self.engine.held[runtime_id].state = "running"

    def _services(self, plan: Plan) -> Iterable[Service]:
        exposed = self.engine.exposes if plan.exposed else ()
        known = {service.port for service in plan.services}
        extra = (Service(f"port-{port}", port, "http") for port in exposed if port not in known)
        return (*plan.services, *extra)

    def _listener(self, plan: Plan, service: Service) -> Listener:
        where = plan.address, plan.ports.get(service.port, 0)
        if service.protocol != "http":
            return (Greeter if service.protocol == "ssh" else Listener)(where)
        seed, engine = plan.seed, self.engine
        return Page(where, f"{seed.user}:{seed.password}", late=engine.late, status=engine.page)

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        self.engine.step("instances")
        held = list(self.engine.held.values())
        return [
            _instance(self.engine, one)
            for one in held
            if not only or only in (one.plan.name, one.runtime_id)
        ]

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        self.engine.step("remove")
        if held := self.engine.held.pop(runtime_id, None):
            held.close()

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract; the command runs on the host, with the user in its environment."""
        facts = {"FAKE_NAME": instance.name, "FAKE_USER": user, "FAKE_TTY": str(tty)}
        facts |= {"HOME": self.home} if self.home else {}
        inside = [f"{key}={value}" for key, value in facts.items()]
        return ["/usr/bin/env", *inside, *(command or ["/bin/sh"])]

    def one_user(self, instance: Instance) -> str:
        """See the contract."""
        del instance
        return self.engine.one_user

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        self.engine.step("logs")
        yield self.engine.console

    def components(self) -> Mapping[str, str]:
        """See the contract."""
        return self.engine.parts

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        ports = [service.port for service in plan.services]
        return oci_engine.run_line(["fake"], plan, artifact.name, ports=ports)

    def close(self) -> None:
        """See the contract."""
        self.engine.step("close")


class FakeWithScreen(FakeRuntime):
    """A connection to a fake engine whose instances have a screen."""

    def screenshot(self, instance: Instance) -> bytes:
        """See the contract."""
        self.engine.step("screenshot")
        return self.engine.picture or b""


def _instance(engine: FakeEngine, held: Held) -> Instance:
    plan, running = held.plan, held.state in ("running", SUSPENDED)
    return Instance(
        name=plan.name,
        runtime=engine.name,
        runtime_id=held.runtime_id,
        labels=record.labels(plan),
        running=running,
        state=held.state,
        ports={port: listener.address for port, listener in held.ports.items()},
        password=plan.env.get("ABCD_PASSWORD", plan.seed.password),
        host_root=engine.host_root if running else None,
        root=RootHeld.UNKNOWN if engine.host_root is None else RootHeld.MAPPED,
        screens=engine.screens if running else (),
        silent=held.state == SUSPENDED,
        began=held.state != "created",
    )


def fake_backend(engine: FakeEngine) -> Backend:
    """Return the backend whose runtimes are connections to this engine."""
    return Backend(
        name=engine.name,
        accepts=engine.accepts,
        missing=engine.missing,
        open=lambda: (FakeRuntime if engine.picture is None else FakeWithScreen)(engine),
        options=engine.options,
        trusts=engine.trusts,
        memory=engine.memory,
        takes_command=engine.takes_command,
        preference=engine.preference,
        elsewhere=engine.elsewhere,
        no_folders=engine.no_folders,
        at_once=engine.at_once,
    )


ENGINES: dict[str, FakeEngine] = {"fake": FakeEngine()}
"""The engines that entry points refer to, by name."""


class _Backends:
    """The backends of all engines as attributes: entry points name attributes."""

    def __getattr__(self, name: str) -> Backend:
        if name not in ENGINES:
            raise AbcdRunError(f"no fake engine called {name}")
        return fake_backend(ENGINES[name])


BACKENDS = _Backends()
