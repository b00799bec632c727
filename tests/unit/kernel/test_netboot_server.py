"""The server that a network's machines start from: its files, and nothing else."""

import http.client
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from abcd_run.errors import PortTaken, UsageError
from abcd_run.kernel.netboot import FILES, dnsmasq
from abcd_run.netboot.server import Server
from tests.waiting import until

BIG = bytes(range(256)) * 4096


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*FILES, "secret"):
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_bytes(name.encode())
    (tmp_path / "files" / "initrd").write_bytes(BIG)
    (tmp_path / "outside").write_text("outside")
    return tmp_path / "files"


@pytest.fixture
def server(folder: Path, told: list[str]) -> Iterator[Server]:
    with Server(folder, "127.0.0.1", told=told.append) as serving:
        thread = Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def asked(server: Server, path: str, method: str = "GET") -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.headers["Content-Length"]


def test_it_serves_its_files(server: Server, told: list[str]) -> None:
    assert server.url == f"http://127.0.0.1:{server.server_port}/boot.ipxe"
    assert asked(server, "/initrd") == (200, BIG, str(len(BIG)))
    assert asked(server, "/pxelinux.cfg/default")[1] == b"pxelinux.cfg/default"
    until(lambda: told == ["127.0.0.1 has got initrd", "127.0.0.1 has got default"])
    assert asked(server, "/initrd", "HEAD") == (200, b"", str(len(BIG)))
    assert len(told) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/", "/secret", "/../outside", "/%2e%2e/outside", "/boot.ipxe?x", "/pxelinux.cfg",
        "/pxelinux.cfg/", "/pxelinux.cfg/../secret", "http://127.0.0.1/boot.ipxe",
    ],
)  # fmt: skip
def test_and_nothing_else(server: Server, path: str) -> None:
    status, body, _ = asked(server, path)
    assert status == 404
    assert b"outside" not in body.replace(path.encode(), b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE"])
def test_nobody_changes_anything(server: Server, method: str) -> None:
    assert asked(server, "/boot.ipxe", method)[0] == 501


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "224.0.0.1", "localhost", "", "1.2.3.4/24"])
def test_an_address_that_no_machine_can_be_told(folder: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Server(folder, text)
    assert caught.value.remedy.startswith("ip -br address")


def test_an_address_of_another_host(folder: Path) -> None:
    with pytest.raises(PortTaken, match=r"cannot serve at 192\.0\.2\.1"):
        Server(folder, "192.0.2.1")


def test_a_port_that_is_taken(folder: Path, server: Server) -> None:
    with pytest.raises(PortTaken, match=str(server.server_port)):
        Server(folder, "127.0.0.1", server.server_port)


def test_an_address_of_ipv6(folder: Path) -> None:
    with Server(folder, "::1") as serving:
        assert serving.url == f"http://[::1]:{serving.server_port}/boot.ipxe"
        assert serving.is_loopback


def test_dnsmasq_reads_the_lines(tmp_path: Path) -> None:
    settings = tmp_path / "abcd-run.conf"
    settings.write_text("\n".join(dnsmasq("http://192.0.2.1:8000/boot.ipxe")) + "\n")
    line = ["/usr/sbin/dnsmasq", "--test", f"--conf-file={settings}"]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert "syntax check OK" in ended.stderr
