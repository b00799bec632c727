"""Command lines that Docker and Podman share."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from abcd_run.backend import container_rights, record
from abcd_run.backend.at_home import at_home
from abcd_run.model import Instance, Origin, Plan

SHELL = (
    "/bin/sh", "-c",
    'cd ~ 2>/dev/null; command -v bash >/dev/null && exec bash -l; exec sh -l',
)  # fmt: skip
"""In the user's home. Prefer bash if the image has it: dash and busybox lack line editing."""


def exec_command(
    program: Sequence[str], instance: Instance, command: Sequence[str], *, user: str, tty: bool
) -> list[str]:
    """Return the engine's command line for `exec`; without a command, the user's shell."""
    line = [*program, "exec", "--interactive"]
    if tty:
        line += ["--tty"]
    if user:
        line += ["--user", user]
    return [*line, instance.runtime_id, *(at_home(instance, command, user=user) or SHELL)]


def run_line(
    program: Sequence[str],
    plan: Plan,
    image: str,
    *,
    ports: Iterable[int],
    extra: Sequence[str] = (),
) -> str:
    """Return the `run` line that a person would type for a plan.

    Secrets precede it as environment variables. They are not among its arguments, which other
    users of the host can see.
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
    line += [f"--ulimit=nofile={container_rights.open_files()}"]
    line += _rights(plan.options)
    for share in plan.shares:
        line += ["--volume", f"{share.source}:{share.target}:{'ro' if share.read_only else 'rw'}"]
    assignments = [f"{key}={shlex.quote(value)}" for key, value in secret.items()]
    return " ".join([*assignments, shlex.join([*line, *extra, image, *plan.command])])


def _rights(options: Mapping[str, Any]) -> list[str]:
    """Return a container's privileges as command-line options."""
    line = [f"--cap-drop={name}" for name in container_rights.dropped(options)]
    if not container_rights.gains_rights(options):
        line += ["--security-opt", "no-new-privileges"]
    line += [f"--cap-add={name}" for name in options.get("cap_add", ())]
    line += [f"--device={name}" for name in options.get("devices", ())]
    if network := options.get("network"):
        line += [f"--network={network}"]
    return [*line, "--init"] if options.get("init") else line


def pull_line(plan: Plan) -> str:
    """Return the line that pulls a plan's image into its engine."""
    word = plan.source.location if plan.source.origin is Origin.FILE else plan.variant
    plain = ["--plain-http"] if plan.source.plain_http else []
    word = plan.profile if plan.source.fetched else word
    return shlex.join(["abcd-run", "pull", "--quiet", *plain, "--on", plan.runtime, word])


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
