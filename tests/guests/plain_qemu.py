"""Machines of QEMU alone, emulated: no launcher, and no engine but the program itself."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from abcd_run.testing.cli import http_status
from abcd_run.testing.waiting import until

SECONDS = 240
CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
VARIABLES = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
OWN = re.compile(r"no password in the seed; this instance's is (\w+)\r?\n")
"""The whole line: a machine writes it bit by bit."""


def free_port() -> int:
    """Return a port that is free just now."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


def line(
    console: Path, port: int, *, kind: str, memory: int, card: str, inside: int = 8080
) -> list[str]:
    """Return the command of a machine of `memory` MiB; its port `inside` is `port` of this host."""
    return [
        "qemu-system-x86_64", "-machine", kind, "-accel", "tcg", "-m", str(memory),
        "-display", "none", "-serial", f"file:{console}",
        "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:{inside}",
        "-device", f"{card},netdev=n",
    ]  # fmt: skip


def uefi(folder: Path) -> list[str]:
    """Return the options for UEFI, whose variables are kept in a folder."""
    shutil.copy(VARIABLES, folder / "variables.fd")
    return [
        "-drive", f"if=pflash,format=raw,readonly=on,file={CODE}",
        "-drive", f"if=pflash,format=raw,file={folder / 'variables.fd'}",
    ]  # fmt: skip


@contextmanager
def running(command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a machine as long as the block does."""
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.terminate()


def status(url: str, *, user: str, password: str) -> int:
    """Return a page's status once it answers; 0 if it never does."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return http_status(url, user=user, password=password)[0]
        except OSError:
            time.sleep(0.2)
    return 0


def text(console: Path) -> str:
    """Return what a machine has said on its serial line."""
    return console.read_text(errors="replace") if console.exists() else ""


def own_password(console: Path) -> str:
    """Return the password that a machine without a seed shows on its serial line, once it does."""

    until(lambda: bool(OWN.search(text(console))), within=SECONDS)
    (password,) = OWN.findall(text(console))
    return str(password)
