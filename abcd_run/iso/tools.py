"""The programs that build an ISO: find which are missing, and run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.host import install

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GRUB = Path("/usr/lib/grub")
# What we need, and the Debian package that provides it.
NEEDED = {
    "tar2sqfs": "squashfs-tools-ng",
    "xorriso": "xorriso",
    "mformat": "mtools",
    "mcopy": "mtools",
    "grub-mkimage": "grub-common",
    f"{GRUB}/i386-pc/boot_hybrid.img": "grub-pc-bin",
    f"{GRUB}/x86_64-efi/moddep.lst": "grub-efi-amd64-bin",
}
LAST_LINES = 15  # of a failed program's messages
FILE_TOO_LARGE = 25
"""The number of SIGXFSZ, which ends a program that writes more than it may."""


def missing() -> dict[str, str]:
    """Return the programs that this host lacks to build an ISO, with their Debian packages."""
    return {name: package for name, package in NEEDED.items() if not _is_here(name)}


def require() -> None:
    """Raise ArtifactError if a program is missing, with a command that installs all of them."""
    if not install.BUILDS:
        raise ArtifactError("live ISOs are built on Linux", remedy=install.elsewhere())
    if absent := missing():
        packages = " ".join(dict.fromkeys(absent.values()))
        raise ArtifactError(
            "this host cannot build a live ISO",
            details=f"missing: {', '.join(absent)}",
            remedy=f"sudo apt install {packages}",
        )


def run(argv: Sequence[str | Path], *, epoch: int, cancel: Event, cwd: Path | None = None) -> None:
    """Run a program to its end; raise ArtifactError with its messages if it fails."""
    with child(argv, epoch=epoch, cancel=cancel, cwd=cwd):
        pass


@contextmanager
def child(
    argv: Sequence[str | Path],
    *,
    epoch: int,
    cancel: Event,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside the with-block, which feeds or reads it; it never outlives the block.

    It runs in its own session, so Ctrl-C at the terminal does not reach it: we end it in our order.
    """
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            argv,
            cwd=cwd,
            stdin=stdin,
            stdout=said if stdout is None else stdout,
            stderr=said,
            env=_environment(epoch),
            start_new_session=True,
        ) as process,
    ):
        watch = Thread(target=_kill_when_cancelled, args=(process, cancel), daemon=True)
        watch.start()
        try:
            yield process
        except BrokenPipeError:
            pass  # the program ended early; its exit status and messages say why
        except BaseException:
            process.kill()
            _close_input(process)
            raise
        _await_success(process, said, cancel=cancel)


def _await_success(process: subprocess.Popen[bytes], said: IO[bytes], *, cancel: Event) -> None:
    _close_input(process)
    status = process.wait()
    name = Path(str(process.args[0])).name  # type: ignore[index]  # always a list here
    if cancel.is_set():
        raise Interrupted(f"{name}: cancelled")
    if status == -FILE_TOO_LARGE:
        raise ArtifactError(
            f"{name} reached the file size limit",
            details="this session's RLIMIT_FSIZE is too small",
            remedy="ulimit -f unlimited",
        )
    if status:
        said.seek(0)
        lines = said.read().decode(errors="replace").splitlines()
        details = "\n".join(line for line in lines[-LAST_LINES:] if line.strip())
        raise ArtifactError(f"{name} failed (status {status})", details=details)


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        with suppress(BrokenPipeError):  # nobody reads what is still buffered
            process.stdin.close()


def _kill_when_cancelled(process: subprocess.Popen[bytes], cancel: Event) -> None:
    while process.poll() is None:
        if cancel.wait(0.1):
            process.kill()
            return


def _environment(epoch: int) -> dict[str, str]:
    """Return a small environment: a user's settings must not change the output's bytes."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "TZ": "UTC0",  # FAT stores local times
        "SOURCE_DATE_EPOCH": str(epoch),
        "MTOOLSRC": os.devnull,
    }


def _is_here(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None
