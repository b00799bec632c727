"""The forward: its ports, its end, and who may use it."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.errors import PortTaken
from abcd_run.testing.waiting import until
from abcd_run_kubernetes import folder, forwards, kubeconfig
from abcd_run_kubernetes.folder import Folder, Spec
from tests.unit.kubernetes.cluster import CLOSED, Cluster, pod, running

PIECE = os.urandom(1 << 20)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    with running() as cluster:
        cluster.pods["demo"] = pod("demo", 80, CLOSED)
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
        yield cluster


@pytest.fixture
def there(cluster: Cluster) -> Iterator[Folder]:
    spec = folder.spec(cluster.pods["demo"], kubeconfig.place())
    there = folder.make(spec)
    forwards.start(there)
    yield there
    forwards.end(there)


def said(there: Folder, port: int, text: bytes) -> bytes:
    """Send a text, and return as many bytes as come back before the end, twice as many at most."""
    with socket.create_connection(there.ports()[port], timeout=20) as connection:
        connection.sendall(text)
        pieces, left = [], 2 * len(text)
        while left and (piece := connection.recv(min(left, 1 << 16))):
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def test_bytes_go_both_ways(there: Folder) -> None:
    assert said(there, 80, b"hello") == b"hellohello"
    assert said(there, 80, b"again") == b"againagain"


def test_much_goes_through(there: Folder) -> None:
    with socket.create_connection(there.ports()[80], timeout=20) as connection:
        received = 0
        for _ in range(8):
            connection.sendall(PIECE[: 1 << 15])
            wanted = received + (1 << 16)
            while received < wanted:
                received += len(connection.recv(1 << 16))
    assert received == 8 << 16


def test_a_port_that_refuses_ends_that_connection_alone(there: Folder) -> None:
    assert said(there, CLOSED, b"hello") == b""
    assert said(there, 80, b"hello") == b"hellohello"
    assert "refused" in there.complaints.read_text()


def test_it_ends_with_its_pod(there: Folder, cluster: Cluster) -> None:
    assert said(there, 80, b"x") == b"xx"
    cluster.gone.set()
    until(lambda: not there.runs(), within=10)
    assert not there.path.exists()


def test_it_ends_when_its_folder_is_gone(there: Folder) -> None:
    pid = there.started()["pid"]
    there.remove()
    until(lambda: not Path(f"/proc/{pid}").exists(), within=10)


def test_it_is_ended(there: Folder) -> None:
    pid = there.started()["pid"]
    forwards.end(there)
    assert not there.path.exists()
    until(lambda: not Path(f"/proc/{pid}").exists(), within=10)
    forwards.end(there)


def test_one_that_was_killed_comes_back_at_the_same_place(there: Folder) -> None:
    os.kill(there.started()["pid"], signal.SIGKILL)
    until(lambda: not there.runs(), within=10)
    assert there.ports() == {}
    forwards.start(there)
    assert said(there, 80, b"back") == b"backback"


def test_two_starts_make_one(there: Folder) -> None:
    pid = there.started()["pid"]
    forwards.start(there)
    assert there.started()["pid"] == pid


def test_a_port_that_is_taken_is_named(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        there = folder.make(Spec("demo", "2", "s", "class", "127.0.0.1", {"80": port}))
        with pytest.raises(PortTaken) as caught:
            forwards.start(there)
    assert caught.value.port == port
    assert not there.runs()


def test_its_arguments_have_no_secret(there: Folder) -> None:
    words = Path(f"/proc/{there.started()['pid']}/cmdline").read_bytes()
    assert b"right" not in words
    assert there.path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"address": 1, "ports": []}'])
def test_an_annotation_that_makes_no_sense(text: str, cluster: Cluster) -> None:
    odd = pod("demo", 80)
    odd["metadata"]["annotations"] = {"kubernetes.abcd-run/forward": text}
    spec = folder.spec(odd, kubeconfig.place())
    assert spec.ports == {"80": 0}


def test_a_chosen_port_is_kept(cluster: Cluster) -> None:
    chosen = pod("demo", 80)
    wanted = json.dumps({"address": "127.0.0.2", "ports": {"80": 4711}})
    chosen["metadata"]["annotations"] = {"kubernetes.abcd-run/forward": wanted}
    spec = folder.spec(chosen, kubeconfig.place())
    assert (spec.address, spec.ports) == ("127.0.0.2", {"80": 4711})
