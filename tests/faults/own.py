"""Private engines that a test may kill, and whose storage may be small.

Podman's is a permanent service; Docker's is an additional rootless daemon. Their storage is mounted
in their own namespaces, which needs no privileges.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from abcd_run.host import xdg
from abcd_run.testing.cli import abcd_run
from tests.waiting import until

SBIN = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH for a daemon's tools; a login's PATH lacks sbin."""

ROOTLESS = Path("/usr/share/docker.io/contrib/dockerd-rootless.sh")
"""Debian's place for the script that other distributions have on PATH."""

SMALL = """\
#!/bin/sh
mount -t tmpfs -o size={size} tmpfs {folder}/data && exec {program} "$@"
"""
"""Starts a program whose storage is limited to that size."""


@dataclass
class Engine:
    """A test's private engine; `told` is the environment that points abcd-run to it."""

    runtime: str
    folder: Path
    line: list[str]
    told: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for left in self.folder.rglob("*.pid"):
            left.unlink()
        # With its own address in the environment, podman would be a client instead of serving.
        inherited = {key: value for key, value in os.environ.items() if key not in self.told}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**inherited, **self.environment},
                start_new_session=True,
            )
        until(self._answers, within=60)

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        probe = abcd_run("--json", "runtimes", "--on", self.runtime).json["runtimes"][0]
        return bool(probe["usable"])

    def pids(self) -> tuple[int, ...]:
        """Return its processes, the daemon first, without those of containers."""
        assert self.process
        top = psutil.Process(self.process.pid)
        return tuple(one.pid for one in (*top.children(recursive=True), top))

    def again(self) -> None:
        """Start it again after it was killed."""
        self.end()
        self.start()

    def reboot(self) -> None:
        """Do as a host's reboot: everything ends at once, and the session's folder is empty."""
        self.end()
        _remove(self.folder / "run")
        _private(self.folder / "run")
        self.start()

    def end(self) -> None:
        """End what is left of it, including containers."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for one in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in word for word in one.info["cmdline"] or ()):
                with suppress(psutil.NoSuchProcess):
                    for process in (*one.children(recursive=True), one):
                        process.kill()
        self.process = None


@contextmanager
def podman(*, size: str = "", apart: bool = False) -> Iterator[Engine]:
    """Yield a service of Podman's: over this user's storage, or its own: `apart`, or so small."""
    with _folder() as folder:
        socket = folder / "podman.sock"
        service = ["podman", "system", "service", "--time=0", f"unix://{socket}"]
        environment: dict[str, str] = {}
        if apart:
            service = ["podman", f"--root={folder}/data/root", *service[1:]]
            environment = {"XDG_RUNTIME_DIR": str(_private(folder / "run"))}
        if size:
            own = [f"--root={folder}/data/root", f"--runroot={folder}/data/run"]
            script = _script(folder / "small", size, folder, "podman")
            service = ["podman", "unshare", str(script), *own, *service[1:]]
        yield from _running(
            Engine("podman", folder, service, {"CONTAINER_HOST": f"unix://{socket}"}, environment)
        )


@contextmanager
def docker(*, size: str = "") -> Iterator[Engine]:
    """Yield a rootless Docker with storage of its own, of that size if one is given."""
    with _folder() as folder:
        _private(folder / "run")
        script = str(ROOTLESS) if ROOTLESS.exists() else "dockerd-rootless.sh"
        line = [script, f"--data-root={folder}/data", "--exec-opt=native.cgroupdriver=cgroupfs"]
        environment = {"XDG_RUNTIME_DIR": str(folder / "run"), "PATH": f"{folder}:{SBIN}"}
        if size:
            program = shutil.which("dockerd", path=SBIN)
            assert program
            _script(folder / "dockerd", size, folder, program)
        told = {"DOCKER_HOST": f"unix://{folder}/run/docker.sock"}
        yield from _running(Engine("docker", folder, line, told, environment))


def _script(path: Path, size: str, folder: Path, program: str) -> Path:
    path.write_text(SMALL.format(size=size, folder=folder, program=program))
    path.chmod(0o755)
    return path


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder with a short path, as sockets need; what containers left there goes, too."""
    folder = Path(tempfile.mkdtemp(prefix="e-", dir=xdg.runtime_dir()))
    (folder / "data").mkdir()
    try:
        yield folder
    finally:
        _remove(folder)


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _remove(folder: Path) -> None:
    unshare = ["unshare", "--map-root-user", "--map-auto", "rm", "-rf", str(folder)]
    until(lambda: subprocess.run(unshare, check=False).returncode == 0)


def _running(engine: Engine) -> Iterator[Engine]:
    before = {key: os.environ.get(key) for key in engine.told}
    os.environ.update(engine.told)
    try:
        engine.start()
        yield engine
    finally:
        engine.end()
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
