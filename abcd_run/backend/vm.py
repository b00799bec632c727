"""What backends for virtual machines have in common: the seed CD, and commands by ssh.

A machine's disks and memory belong to whoever runs it, so that a key of this user's own, made for
nothing else, gives away nothing by letting in as root. It stands in the seed as ABCD_EXEC_KEY.
"""

import ipaddress
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from abcd_run.backend import record
from abcd_run.backend.refusals import refuse_disk
from abcd_run.errors import LaunchFailed, NotReady, UsageError
from abcd_run.host import xdg
from abcd_run.model import Artifact, Instance, Plan

ENVIRONMENT = "/run/abcd/environment"
"""Where images put the variables of `--env`, for a shell to read."""

SSH_SECONDS = 60
LOOK_SECONDS = 0.5
GREETING = b"SSH-"
PIECE = 1 << 16


def own_key() -> Path:
    """Return this user's private ssh key for machines, made when there is none yet."""
    key = xdg.config() / "ssh" / "id_ed25519"
    if key.exists():
        return key
    _prove_keygen()
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=key.parent) as scratch:
        made = Path(scratch) / key.name
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "abcd-run", "-f", str(made)]
        _succeed(line)
        with suppress(FileExistsError):  # another launch was quicker
            key.hardlink_to(made)
    return key


def _prove_keygen() -> None:
    if not shutil.which("ssh-keygen"):
        raise LaunchFailed("ssh-keygen is not installed", remedy="sudo apt install openssh-client")


def public_key() -> str:
    """Return the public half of `own_key`."""
    return _succeed(["ssh-keygen", "-y", "-f", str(own_key())])


def _succeed(line: list[str]) -> str:
    """Return what a command of ssh prints. Raises `LaunchFailed` with what it complains about."""
    ended = subprocess.run(
        line,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if ended.returncode:
        key = xdg.config() / "ssh"
        raise LaunchFailed(
            f"{line[0]} failed with exit status {ended.returncode}",
            details=ended.stderr.strip(),
            remedy=f"look into {key}; without its files a new key is made",
        )
    return ended.stdout.strip()


def seed_values(plan: Plan, *, key: str) -> dict[str, str]:
    """Return what the seed CD tells a machine: the seed, the key, shares and variables."""
    values = {**plan.seed.environment(), "ABCD_EXEC_KEY": key}
    if plan.shares:
        # The host's file system knows owners by number: the same person has the same one inside.
        values["ABCD_UID"] = str(os.getuid())
    for number, share in enumerate(plan.shares):
        values[f"ABCD_SHARE_{number}"] = share.target + (":ro" if share.read_only else "")
    return values | {f"ABCD_ENV_{name}": value for name, value in plan.env.items()}


def user_data(plan: Plan, *, key: str) -> str:
    """Return the same as a cloud-config, for images that read that: Kairos, cloud-init.

    JSON is a part of YAML.
    """
    seed = plan.seed
    user = {
        "name": seed.user,
        "passwd": seed.password,
        "lock_passwd": False,
        "groups": ["admin"],
        "ssh_authorized_keys": [line for line in (seed.ssh_key, key) if line],
    }
    return "#cloud-config\n" + json.dumps({"hostname": seed.hostname, "users": [user]}, indent=1)


def meta_data(plan: Plan) -> str:
    """Return cloud-init's meta-data."""
    return json.dumps({"instance-id": plan.name, "local-hostname": plan.seed.hostname})


def write_seed(plan: Plan, target: Path) -> None:
    """Write the seed CD of a plan."""
    from abcd_run.iso import seed  # noqa: PLC0415  (listing instances needs none)

    key = public_key()
    seed.write_seed(
        target,
        user_data=user_data(plan, key=key),
        meta_data=meta_data(plan),
        values=seed_values(plan, key=key),
    )


def seed_files(plan: Plan) -> dict[str, str]:
    """Return what is on the seed CD of a plan, by name."""
    from abcd_run.iso import seed  # noqa: PLC0415

    key = public_key()
    return {
        "user-data": user_data(plan, key=key),
        "meta-data": meta_data(plan),
        "abcd-seed": seed.lines(seed_values(plan, key=key)),
    }


def iso_by_hand(plan: Plan, artifact: Artifact) -> tuple[Path, list[str]]:
    """Return the ISO of a plan for who types its commands, and the line that makes it first.

    There is no such line where it lies there already.
    """
    if artifact.path and artifact.path.exists():
        return artifact.path.absolute(), []
    made = Path.cwd() / f"{plan.variant}.iso"
    line = ["abcd-run", "artifact", plan.variant, "--to", "iso", "--output", str(made)]
    return made, [shlex.join(line)]


def console(
    path: Path, *, follow: bool, goes_on: Callable[[], bool], pause: float
) -> Iterator[bytes]:
    """Yield what a machine has printed into a file, in pieces; with `follow` while it `goes_on`.

    Without, it is what stands there at first: a machine may print quicker than anybody reads.
    """
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        left = os.fstat(file.fileno()).st_size
        while not follow and left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
        while follow:
            follow = goes_on()
            while piece := file.read(PIECE):
                yield piece
            if follow:
                time.sleep(pause)


def here_document(command: str, content: str) -> list[str]:
    """Return the shell lines that give a command CONTENT to read, whatever lines that has."""
    lines = content.rstrip("\n").split("\n")
    mark = "ABCD-RUN"
    while mark in lines:
        mark += "-"
    return [f"{command} <<'{mark}'", *lines, mark]


def check(plan: Plan, *, engine: str) -> None:
    """Refuse what no machine of a live system can have. Raises `UsageError` or `LaunchFailed`.

    Such a machine has no disk of its own, and its seed CD carries what is one line long.
    """
    refuse_disk(plan, f"{engine} starts live systems, which have no disk of their own")
    _check_address(plan, engine)
    _prove_keygen()
    for name, value in plan.env.items():
        if not value.isprintable():
            raise UsageError(
                f"--env {name}: a machine's seed has no line breaks or control characters",
                remedy="put it into a file of a shared folder",
            )


def _check_address(plan: Plan, engine: str) -> None:
    try:
        ipaddress.IPv4Address(plan.address)
    except ValueError:
        raise UsageError(
            f"--address {plan.address}: {engine} forwards ports of IPv4 addresses only",
            remedy="--address 127.0.0.1, or --address 0.0.0.0 for all",
        ) from None


def ssh_line(
    instance: Instance, command: Sequence[str], *, user: str, tty: bool, known_hosts: Path
) -> list[str]:
    """Return the ssh line that runs a command in a machine; without one, the user's shell.

    Waits until the machine's ssh answers. Raises `LaunchFailed` where it has none, or `NotReady`.
    """
    address, port = _ssh_port(instance)
    _await_ssh(instance, address, port)
    person = record.read(instance.labels).user
    # Others than the person and root have no key: root becomes them.
    login = user if user in (person, "root") else "root"
    line = ["ssh", "-F", "none", "-i", str(own_key()), "-p", str(port), "-t" if tty else "-T"]
    for option in _options(known_hosts):
        line += ["-o", option]
    inside = _remote(command) if user == login else f"su {shlex.quote(user)} {_dash_c(command)}"
    # What begins with a dash would be an option else, and run a command of this host.
    return [*line, "--", f"{login}@{address}", *([inside] if inside else [])]


def _options(known_hosts: Path) -> list[str]:
    # ssh reads this value as a line of its configuration, with escapes, tokens and variables.
    place = str(known_hosts).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if "${" in place or not place.isprintable():
        raise UsageError(
            f"ssh cannot have its known hosts in {place!r}",
            remedy="set ABCD_RUN_CACHE and XDG_RUNTIME_DIR to folders with plain names",
        )
    return [
        "IdentitiesOnly=yes",
        "BatchMode=yes",
        # The host key is as young as the instance: it is believed once, and then held on to.
        "StrictHostKeyChecking=accept-new",
        f'UserKnownHostsFile="{place}"',
        "GlobalKnownHostsFile=none",
        "LogLevel=ERROR",
    ]


def _remote(command: Sequence[str]) -> str:
    """Return a command as one line for the shell inside: ssh joins its arguments by spaces."""
    if not command:
        return ""
    return f"[ -r {ENVIRONMENT} ] && . {ENVIRONMENT}; exec {shlex.join(command)}"


def _dash_c(command: Sequence[str]) -> str:
    return f"-s /bin/sh -c {shlex.quote(_remote(command))}" if command else "-s /bin/sh"


def _ssh_port(instance: Instance) -> tuple[str, int]:
    services = record.read(instance.labels).services
    inside = next((one.port for one in services if one.protocol == "ssh"), None)
    if inside is None or inside not in instance.ports:
        raise LaunchFailed(
            f"{instance.name} has no ssh service, by which commands reach a machine",
            remedy="add to its profile: [services.ssh] with port = 22 and protocol = 'ssh'",
        )
    address, port = instance.ports[inside]
    return ("127.0.0.1" if address == "0.0.0.0" else address), port  # noqa: S104


def _await_ssh(instance: Instance, address: str, port: int) -> None:
    """Wait until ssh greets: a port forward accepts before anybody listens inside."""
    deadline = time.monotonic() + SSH_SECONDS
    while not _greets(address, port):
        if time.monotonic() > deadline:
            raise NotReady(
                f"{instance.name} does not answer by ssh after {SSH_SECONDS} s",
                remedy=f"abcd-run logs {instance.name}",
            )
        time.sleep(0.05)


def _greets(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=LOOK_SECONDS) as connection:
            return connection.recv(len(GREETING)).startswith(GREETING)
    except OSError:
        return False
