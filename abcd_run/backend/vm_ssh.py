"""Run commands in virtual machines over ssh, with a key of the user's for this purpose.

A machine's disks and memory belong to the user who runs it, so a key of theirs that is made for
nothing else gives nothing away by admitting root. The seed holds it as ABCD_EXEC_KEY.
"""

import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from abcd_run.backend import record
from abcd_run.backend.at_home import go
from abcd_run.errors import LaunchFailed, NotReady, UsageError
from abcd_run.host import install, xdg
from abcd_run.model import Instance

ENVIRONMENT = "/run/abcd/environment"
"""Where images store the variables of `--env`, for a shell to read."""

SSH_SECONDS = 60
FIRST_LOOK, LONGEST_LOOK = 1.0, 16.0
"""Seconds to wait for a greeting: longer each time. An emulated processor may take many for one,
and would never be done if each look that is given up left it another connection to greet."""
GREETING = b"SSH-"


def own_key() -> Path:
    """Return the user's private ssh key for machines; make it if it does not exist."""
    key = xdg.config() / "ssh" / "id_ed25519"
    if key.exists():
        return key
    prove_keygen()
    key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=key.parent) as scratch:
        made = Path(scratch) / key.name
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "abcd-run", "-f", str(made)]
        _succeed(line)
        with suppress(FileExistsError):  # another launch was faster
            key.hardlink_to(made)
    return key


def prove_keygen() -> None:
    """Raise `LaunchFailed` if no key can be made."""
    if not shutil.which("ssh-keygen"):
        raise LaunchFailed("ssh-keygen is not installed", remedy=install.line("openssh-client"))


def public_key() -> str:
    """Return the public half of `own_key`."""
    return _succeed(["ssh-keygen", "-y", "-f", str(own_key())])


def _succeed(line: list[str]) -> str:
    """Return what an ssh command prints. Raises `LaunchFailed` with its error output."""
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
            remedy=f"check {key}; if its files are gone, abcd-run makes a new key",
        )
    return ended.stdout.strip()


def line(
    instance: Instance, command: Sequence[str], *, user: str, tty: bool, known_hosts: Path
) -> list[str]:
    """Return the ssh line that runs a command in a machine; without one, the user's shell.

    Waits until the machine's ssh answers. Raises `LaunchFailed` if it has none, or `NotReady`.
    """
    address, port = _ssh_port(instance)
    _await_ssh(instance, address, port)
    person = record.read(instance.labels).user
    user = user or person  # an image that nobody has described has the seed's user alone
    # Only the person and root have a key: for other users, log in as root and switch.
    login = user if user in (person, "root") else "root"
    words = ["ssh", "-F", "none", "-i", str(own_key()), "-p", str(port), "-t" if tty else "-T"]
    for option in _options(known_hosts):
        words += ["-o", option]
    inside = _remote(command)
    if user != login:
        inside = f"{go(user)}; su {shlex.quote(user)} {_dash_c(command)}"
    # Without "--", a word that begins with a dash would be an option and could run a host command.
    return [*words, "--", f"{login}@{address}", *([inside] if inside else [])]


def _options(known_hosts: Path) -> list[str]:
    # ssh reads this value as a line of its configuration, with escapes, tokens and variables.
    path = str(known_hosts).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if "${" in path or not path.isprintable():
        raise UsageError(
            f"ssh cannot keep its known hosts in {path!r}",
            remedy="set ABCD_RUN_CACHE and XDG_RUNTIME_DIR to folders with plain names",
        )
    return [
        "IdentitiesOnly=yes",
        "BatchMode=yes",
        # The host key is as new as the instance: trust it once, then insist on it.
        "StrictHostKeyChecking=accept-new",
        f'UserKnownHostsFile="{path}"',
        "GlobalKnownHostsFile=none",
        "LogLevel=ERROR",
    ]


def _remote(command: Sequence[str]) -> str:
    """Return a command as one line for the shell inside: ssh joins its arguments with spaces."""
    if not command:
        return ""
    return f"[ -r {ENVIRONMENT} ] && . {ENVIRONMENT}; exec {shlex.join(command)}"


def _dash_c(command: Sequence[str]) -> str:
    return f"-s /bin/sh -c {shlex.quote(_remote(command))}" if command else "-s /bin/sh"


def _ssh_port(instance: Instance) -> tuple[str, int]:
    services = record.read(instance.labels).services
    inside = next((service.port for service in services if service.protocol == "ssh"), None)
    if inside is None or inside not in instance.ports:
        raise LaunchFailed(
            f"{instance.name} has no ssh service, which commands need to reach a machine",
            remedy="add to its profile: [services.ssh] with port = 22 and protocol = 'ssh'",
        )
    address, port = instance.ports[inside]
    return ("127.0.0.1" if address == "0.0.0.0" else address), port  # noqa: S104


def _await_ssh(instance: Instance, address: str, port: int) -> None:
    """Wait for ssh's greeting: a port forward accepts before anything listens inside."""
    deadline, patience = time.monotonic() + SSH_SECONDS, FIRST_LOOK
    while not _greets(address, port, patience):
        if time.monotonic() > deadline:
            raise NotReady(
                f"{instance.name} did not answer over ssh within {SSH_SECONDS} s",
                remedy=f"abcd-run logs {instance.name}",
            )
        time.sleep(0.05)
        patience = min(patience * 1.5, LONGEST_LOOK)


def _greets(address: str, port: int, patience: float) -> bool:
    try:
        with socket.create_connection((address, port), timeout=patience) as connection:
            return connection.recv(len(GREETING)).startswith(GREETING)
    except OSError:
        return False
