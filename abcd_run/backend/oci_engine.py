"""What backends for OCI engines have in common.

The seed reaches a container as its environment; the image's own init turns that into the file
`/run/abcd/seed`. Putting the file there from outside takes Podman 0.2 s, and a mount would leave
something on the host for every instance that is killed.
"""

import shlex
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from abcd_run.backend import container_rights, record
from abcd_run.backend.refusals import refuse_disk
from abcd_run.host import this_host, xdg
from abcd_run.host.part_file import part_of
from abcd_run.model import Artifact, Instance, Origin, Plan, RootHeld
from abcd_run.runtime import Say

UID = "ABCD_UID"
"""The variable by which an image learns that its user shall not have the usual uid."""

CPU_PERIOD = 100_000
"""Microseconds of the scheduler's period, as Docker and Podman use it."""

SHELL = ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash -l; exec sh -l")
"""bash where the image has it: busybox and dash know no line editing."""


@contextmanager
def loading(artifact: Artifact, *, into: str, say: Say) -> Iterator[None]:
    """Let one launch of this user's load an image into an engine; the others wait to find it there.

    Raises `Interrupted`, or `ArtifactError` where the cache cannot be written.
    """

    def waiting(_: Path) -> None:
        say(f"another launch loads {artifact.name}")

    # Nothing is written there: it is the lock that is wanted.
    name = f"{into}-{artifact.id or artifact.name}".replace("/", "-")
    with part_of(xdg.cache() / "load" / name, waiting=waiting):
        say(f"loading {artifact.name} into {into}")
        yield


def check(plan: Plan, *, engine: str) -> None:
    """Refuse what engines for OCI images would ignore. Raises `UsageError`."""
    # --storage-opt size= is for a few drivers and file systems, and others pass over it.
    refuse_disk(plan, f"{engine} cannot limit the disk of a container")


def arguments(plan: Plan, *, ports: Iterable[int], limits: Container[str]) -> dict[str, Any]:
    """Return a plan as keyword arguments of `containers.create`, the same for both SDKs.

    Of the limits on memory, cpu and processes only those are passed that the engine can enforce.
    Whether setuid gives rights each SDK says in its own way.
    """
    resources, options = plan.resources, plan.options
    found = {
        "command": list(plan.command) or None,
        "name": plan.name,
        "hostname": plan.seed.hostname,
        "labels": record.labels(plan),
        "environment": plan.environment(),
        # Port 0 makes the engine choose a free one.
        "ports": {f"{port}/tcp": (plan.address, plan.ports.get(port, 0)) for port in ports},
        "network_mode": options.get("network"),
        "cap_add": options.get("cap_add"),
        "cap_drop": container_rights.dropped(options),
        "devices": options.get("devices", []),
        "init": options.get("init"),
        "shm_size": resources.shm,
    }
    if "memory" in limits:
        found["mem_limit"] = resources.memory
    if resources.cpus and "cpu" in limits:
        found["cpu_period"] = CPU_PERIOD
        found["cpu_quota"] = int(resources.cpus * CPU_PERIOD)
    if "pids" in limits:
        found["pids_limit"] = container_rights.PIDS
    return {key: value for key, value in found.items() if value is not None}


def instance(facts: Mapping[str, Any], *, runtime: str, engine: Path | None = None) -> Instance:
    """Return an instance from what an engine's `inspect` says of its container.

    `engine` is the socket on which that engine listens, None for one that listens on a port.
    """
    state, config = facts["State"], facts["Config"]
    running = bool(state["Running"])
    root = _host_root(state["Pid"], facts["Id"], engine) if running else None
    return Instance(
        name=text(facts["Name"]).removeprefix("/"),
        runtime=runtime,
        runtime_id=text(facts["Id"]),
        labels=config["Labels"] or {},
        running=running,
        state=_state(state),
        ports=bound_ports(facts["NetworkSettings"].get("Ports") or {}),
        password=password(config.get("Env") or []),
        host_root=root,
        root=RootHeld.UNKNOWN if root is None else RootHeld.MAPPED,
        # An engine of this user publishes as this user; another one is root's.
        publishers=() if root == this_host.user() else (0,),
    )


def brief(facts: Mapping[str, Any], *, runtime: str) -> Instance:
    """Return an instance from a line of an engine's list."""
    return Instance(
        name=text(facts["Names"][0]).removeprefix("/"),
        runtime=runtime,
        runtime_id=text(facts["Id"]),
        labels=facts["Labels"] or {},
        running=facts["State"] == "running",
        state=facts["State"],
    )


def text(told: object) -> str:
    """Return what an engine tells where its interface says that it is text.

    Raises `TypeError`, which `refusal.garbled` explains.
    """
    if not isinstance(told, str):
        raise TypeError(f"expected text, and not {type(told).__name__}")
    return told


def _state(state: Mapping[str, Any]) -> str:
    status = str(state["Status"])
    return f"{status} with status {state['ExitCode']}" if status == "exited" else status


def _host_root(pid: int, runtime_id: str, engine: Path | None) -> int | None:
    """Return the host's uid of root inside, None where nothing shows it.

    An engine in a PID namespace of its own tells numbers that are other processes' here. The
    mounts of a container name it (psutil knows those of our own process alone); another user's
    process does not show them. Where its process is not to be seen, root inside is at most what
    the engine itself is.
    """

    def owner() -> int | None:
        return this_host.listener(engine) if engine else None

    try:
        shown = runtime_id in Path(f"/proc/{pid}/mountinfo").read_text()
    except PermissionError:
        shown = owner() != this_host.user()
    except OSError:
        shown = False
    root = this_host.uid_map_root(pid) if shown else None
    return owner() if root is None else root


def bound_ports(
    found: Mapping[str, Sequence[Mapping[str, str]] | None],
) -> dict[int, tuple[str, int]]:
    """Return ports from an engine's `{"8080/tcp": [{"HostIp": …, "HostPort": …}]}`."""
    return {
        int(inside.partition("/")[0]): (
            text(bound[0]["HostIp"]) or "0.0.0.0",  # noqa: S104
            int(bound[0]["HostPort"]),
        )
        for inside, bound in found.items()
        if bound and inside.endswith("/tcp") and bound[0]["HostPort"]
    }


def password(environment: Iterable[str]) -> str:
    """Return the instance's password from its environment, as engines list it."""
    pairs = (line.partition("=") for line in environment)
    return next((value for key, _, value in pairs if key == "ABCD_PASSWORD"), "")


def exec_command(
    program: Sequence[str], instance: Instance, command: Sequence[str], *, user: str, tty: bool
) -> list[str]:
    """Return the engine's own command line for `exec`; without a command, the user's shell."""
    line = [*program, "exec", "--interactive"]
    if tty:
        line += ["--tty"]
    if user:
        line += ["--user", user]
    return [*line, instance.runtime_id, *(command or SHELL)]


def run_line(
    program: Sequence[str],
    plan: Plan,
    image: str,
    *,
    ports: Iterable[int],
    extra: Sequence[str] = (),
) -> str:
    """Return the `run` line that a person would type for a plan.

    Its secrets stand before it, as variables of its environment, and not among its arguments,
    which other users of the host can see.
    """
    secret = {"ABCD_PASSWORD": plan.seed.password, **plan.env}
    resources = plan.resources
    line = [*program, "run", "--detach", "--name", plan.name, "--hostname", plan.seed.hostname]
    for key, value in record.labels(plan).items():
        line += ["--label", f"{key}={value}"]
    for key, value in plan.environment().items():
        line += ["--env", key if key in secret else f"{key}={value}"]
    for port in ports:
        line += ["--publish", f"{_host(plan.address)}:{plan.ports.get(port, '')}:{port}"]
    if resources.memory:
        line += ["--memory", str(resources.memory)]
    if resources.cpus:
        line += ["--cpus", f"{resources.cpus:g}"]
    if resources.shm:
        line += ["--shm-size", str(resources.shm)]
    line += _rights(plan.options)
    for share in plan.shares:
        line += ["--volume", f"{share.source}:{share.target}:{'ro' if share.read_only else 'rw'}"]
    assignments = [f"{key}={shlex.quote(value)}" for key, value in secret.items()]
    return " ".join([*assignments, shlex.join([*line, *extra, image, *plan.command])])


def _rights(options: Mapping[str, Any]) -> list[str]:
    """Return what a container may do inside, as options of the command line."""
    line = [f"--cap-drop={name}" for name in container_rights.dropped(options)]
    if not container_rights.gains_rights(options):
        line += ["--security-opt", "no-new-privileges"]
    line += [f"--cap-add={name}" for name in options.get("cap_add", ())]
    line += [f"--device={name}" for name in options.get("devices", ())]
    if network := options.get("network"):
        line += [f"--network={network}"]
    return [*line, "--init"] if options.get("init") else line


def pull_line(plan: Plan) -> str:
    """Return the line that brings the image of a plan into its engine."""
    word = plan.source.location if plan.source.origin is Origin.FILE else plan.variant
    return shlex.join(["abcd-run", "pull", "--quiet", "--on", plan.runtime, word])


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def unlimited(limits: Iterable[str], *, why: str) -> tuple[str, ...]:
    """Return the note on limits that a host cannot enforce, none where it can."""
    *first, last = [*limits] or [""]
    listed = f"{', '.join(first)} and {last}" if first else last
    return (f"{listed} limits are not enforced: {why}",) if listed else ()
