"""Turn an engine's `inspect` or list of containers into instances."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from abcd_run.host import this_host
from abcd_run.model import SUSPENDED, Instance, RootHeld

PAUSED = "paused"
UNSTARTED = ("created", "configured", "initialized")
"""What Docker and Podman call a container that was not started since the host was."""

NEVER = "0001"


def instance(facts: Mapping[str, Any], *, runtime: str, engine: Path | None = None) -> Instance:
    """Return an instance from an engine's `inspect` of its container.

    `engine` is the socket on which the engine listens; None if it listens on a port.
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
        silent=str(state["Status"]) == PAUSED,
        began=_began(str(state["Status"]), state.get("StartedAt")),
        ports=bound_ports(facts["NetworkSettings"].get("Ports") or {}),
        password=password(config.get("Env") or []),
        host_root=root,
        root=RootHeld.UNKNOWN if root is None else RootHeld.MAPPED,
        # This user's engine publishes as this user; any other engine runs as root.
        publishers=() if root == this_host.user() else (0,),
    )


def brief(facts: Mapping[str, Any], *, runtime: str) -> Instance:
    """Return an instance from a line of an engine's list."""
    return Instance(
        name=text(facts["Names"][0]).removeprefix("/"),
        runtime=runtime,
        runtime_id=text(facts["Id"]),
        labels=facts["Labels"] or {},
        running=facts["State"] in ("running", PAUSED),
        state=_said(facts["State"], facts.get("StartedAt")),
        silent=facts["State"] == PAUSED,
        began=_began(facts["State"], facts.get("StartedAt")),
    )


def text(told: object) -> str:
    """Return a value that an engine's interface declares as text.

    Raises `TypeError`, which `refusals.garbled` explains.
    """
    if not isinstance(told, str):
        raise TypeError(f"expected text, not {type(told).__name__}")
    return told


def _state(state: Mapping[str, Any]) -> str:
    status = str(state["Status"])
    said = _said(status, state.get("StartedAt"))
    return f"{said} with status {state['ExitCode']}" if status == "exited" else said


def _said(status: str, started: object) -> str:
    if status == PAUSED:
        return SUSPENDED
    return "exited" if status in UNSTARTED and _began(status, started) else status


def _began(status: str, started: object) -> bool:
    """Say whether a container ever ran: after a reboot Podman calls all of them created.

    Its list has the start in seconds, below 0 for none; `inspect` has it as text, in the year 1.
    """
    began = started > 0 if isinstance(started, int) else str(started or NEVER)[:4] != NEVER
    return status not in UNSTARTED or began


def _host_root(pid: int, runtime_id: str, engine: Path | None) -> int | None:
    """Return the host's uid of root inside; None if nothing shows it.

    An engine in its own PID namespace reports pids that belong to other processes here. So check
    that the process's mounts name the container (psutil reads only our own process's mounts);
    another user's process hides them. If the process is not visible, root inside has at most the
    rights of the engine itself.
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
    published: Mapping[str, Sequence[Mapping[str, str]] | None],
) -> dict[int, tuple[str, int]]:
    """Parse ports from an engine's `{"8080/tcp": [{"HostIp": …, "HostPort": …}]}`."""
    return {
        int(inside.partition("/")[0]): (
            text(bound[0]["HostIp"]) or "0.0.0.0",  # noqa: S104
            int(bound[0]["HostPort"]),
        )
        for inside, bound in published.items()
        if bound and inside.endswith("/tcp") and bound[0]["HostPort"]
    }


def password(environment: Iterable[str]) -> str:
    """Return an instance's password from its environment, as engines list it."""
    pairs = (line.partition("=") for line in environment)
    return next((value for key, _, value in pairs if key == "ABCD_PASSWORD"), "")
