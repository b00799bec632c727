"""A signal ends any wait that involves no engine, in time and with nothing left."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from abcd_run.testing.cli import PROGRAM
from tests.engines_here import need
from tests.waiting import until

WITHIN = 5.0
SLACK = 1.0
"""How long Python takes to start on a busy host, on top of the promised seconds."""

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@dataclass
class Running:
    """An abcd-run command that waits for something."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def come_to(self, words: str) -> None:
        """Read its output until it waits for that."""
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line)
            if words in line:
                return
        pytest.fail("".join(self.lines))

    def ended(self, how: signal.Signals) -> str:
        """Send it a signal; return its last output; it must end in time."""
        began = time.monotonic()
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=60)
        assert time.monotonic() - began < WITHIN + SLACK
        assert self.process.returncode == 130, err
        assert "Traceback" not in err
        return err


Begin = Callable[..., Running]


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Start commands with a cache of their own."""
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    processes = []

    def begin(*arguments: str) -> Running:
        processes.append(
            subprocess.Popen(
                [PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return Running(processes[-1])

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


HOLDS = """
import fcntl, sys, time
file = open(sys.argv[1], "a+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", SIGNALS)
def test_anothers_build(how: signal.Signals, begun: Begin, tmp_path: Path) -> None:
    """A launch waits for an image that another process is building."""
    need("podman")
    lock = tmp_path / "cache" / "build" / "abcd4demo.lock"
    lock.parent.mkdir(parents=True)
    line = [sys.executable, "-c", HOLDS, str(lock)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout
            assert other.stdout.readline() == "held\n"
            waiting = begun("--on", "podman", "abcd4demo")
            waiting.come_to("waiting for another build")
            waiting.ended(how)
        finally:
            other.kill()


SILENT = """\
#!/bin/sh
sleep 600 &
echo $$ $! >%s.new
mv %s.new %s
wait
"""


@pytest.mark.parametrize("how", SIGNALS)
def test_a_silent_prepare(how: signal.Signals, begun: Begin, tmp_path: Path) -> None:
    """A build ends with all its children, and its folder is removed."""
    need("podman")
    layer = tmp_path / "profiles" / "silent" / "base"
    layer.mkdir(parents=True)
    (layer / "Containerfile").write_text("FROM scratch\n")
    pids = tmp_path / "pids"
    (layer / "prepare").write_text(SILENT % (pids, pids, pids))
    (layer / "prepare").chmod(0o755)
    upper = layer.parent / "abcdic"
    upper.mkdir()
    (upper / "Containerfile").write_text("FROM scratch\n")
    profile = tmp_path / "profiles" / "silent.toml"
    profile.write_text('summary = "Never prepared"\n[abcdic]\n')
    waiting = begun("build", str(profile))
    until(pids.exists)
    waiting.ended(how)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.read_text().split()))
    assert not list((tmp_path / "cache" / "build").glob("build-*"))


PROFILE = """
summary = "Never here"
[abcdik]
iso = "{url}"
[resources]
memory = "64MiB"
"""


@pytest.mark.parametrize("says", ["nothing", "a part"])
@pytest.mark.parametrize("how", SIGNALS)
def test_a_server(how: signal.Signals, says: str, begun: Begin, tmp_path: Path) -> None:
    """A launch downloads its ISO from a server that never answers, or that stalls."""
    need("libvirt")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.iso"
        profile = tmp_path / "slow.toml"
        profile.write_text(PROFILE.format(url=url))
        waiting = begun("--on", "libvirt", str(profile))
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1 << 16).startswith(b"GET /a.iso")
            if says == "a part":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")
                connection.sendall(bytes(1_000_000))
                waiting.come_to("fetching")
            waiting.ended(how)
    parts = list((tmp_path / "cache" / "iso").glob("*.part"))
    assert [part.stat().st_size for part in parts] == ([1_000_000] if says == "a part" else [])
