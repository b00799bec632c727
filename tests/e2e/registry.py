"""Debian's docker-registry, on a free port of loopback, with its files in a folder."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import until

PROGRAM = "docker-registry"

SETTINGS = """
version: 0.1
log: {{accesslog: {{disabled: false}}, level: warn}}
storage: {{filesystem: {{rootdirectory: {folder}/files}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A registry that runs."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        """What references to it begin with."""
        return f"127.0.0.1:{self.port}"

    def blob(self, digest: str) -> Path:
        """Return the file of a blob or a manifest."""
        digits = digest.removeprefix("sha256:")
        return self.folder / f"files/docker/registry/v2/blobs/sha256/{digits[:2]}/{digits}/data"

    def uploads(self) -> set[str]:
        """Return the digests of the blobs that were uploaded so far."""
        log = (self.folder / "log").read_text()
        done = re.findall(
            r'"PUT /v2/\S+/blobs/uploads/\S*digest=sha256%3A(\w{64})\S* HTTP\S*" 201', log
        )
        return {f"sha256:{digits}" for digits in done}


@contextmanager
def running(folder: Path) -> Iterator[Shelf]:
    """Run a registry until the end of the block."""
    program = _program(folder)
    settings, port = folder / "config.yml", free_port()
    settings.write_text(SETTINGS.format(folder=folder, port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(settings)], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: _answers(port))
        yield Shelf(port, folder)
    finally:
        process.terminate()
        process.wait(10)


def _program(folder: Path) -> str:
    """Return the installed program, or fetch it: nothing of its package needs root."""
    if found := shutil.which(PROGRAM):
        return found
    fetched = folder / "package"
    fetched.mkdir()
    command = ["apt-get", "-q", "download", PROGRAM]
    if subprocess.run(command, cwd=fetched, capture_output=True, check=False).returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{PROGRAM} cannot be had here")
    (package,) = fetched.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(fetched)], check=True)
    return str(fetched / "usr/bin" / PROGRAM)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
