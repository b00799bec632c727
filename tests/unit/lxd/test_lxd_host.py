"""What the LXD backend finds out about this host: sockets, ports, subordinate users."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.errors import LaunchFailed, PortTaken
from abcd_run.model import Plan, Share
from abcd_run.runtime import Problem
from abcd_run_lxd import ports, service, shares
from abcd_run_lxd.service import Server
from tests.unit.lxd.plans import PLAN

SHARING = replace(PLAN, shares=(Share(Path("/a"), "/a"),))


@pytest.fixture
def lxd_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LXD_DIR", str(tmp_path))
    monkeypatch.setattr(service, "SNAP", tmp_path / "snap")
    monkeypatch.setattr(service, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(service, "USUAL", (tmp_path / "snap" / "lxd", tmp_path / "debian"))
    monkeypatch.setattr("shutil.which", lambda _: None)
    return tmp_path


def test_no_lxd(lxd_dir: Path) -> None:
    problem = service.find()
    assert isinstance(problem, Problem)
    assert "not installed" in problem.message
    assert "lxd init" in problem.remedy


def test_an_lxd_that_is_down(lxd_dir: Path) -> None:
    (lxd_dir / "debian").mkdir()
    problem = service.find()
    assert isinstance(problem, Problem)
    assert "not running" in problem.message


def test_the_groups_socket(lxd_dir: Path) -> None:
    (lxd_dir / "unix.socket").touch()
    (lxd_dir / "unix.socket.user").touch()
    assert service.find() == Server(lxd_dir / "unix.socket")


def test_a_closed_socket_and_what_the_group_means(
    lxd_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lxd_dir / "unix.socket").touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    problem = service.find()
    assert isinstance(problem, Problem)
    assert "may not use" in problem.message
    assert "gpasswd" in problem.remedy
    assert "become root" in problem.remedy


def test_the_socket_that_gives_each_user_a_project(
    lxd_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lxd_dir / "unix.socket").touch()
    (lxd_dir / "unix.socket.user").touch()
    monkeypatch.setattr("os.access", lambda path, _: str(path).endswith(".user"))
    server = service.find()
    assert server == Server(lxd_dir / "unix.socket.user", f"user-{os.getuid()}")
    assert f"LXD_SOCKET={lxd_dir}/unix.socket.user" in server.program()
    assert server.program()[-2:] == ["--project", f"user-{os.getuid()}"]


def test_a_usual_socket_needs_no_hint(lxd_dir: Path) -> None:
    assert Server(lxd_dir / "debian" / "unix.socket").program() == ["lxc", "--force-local"]


def test_ports_are_kept_until_the_engine_listens() -> None:
    kept = ports.Reserved("127.0.0.1", (80, 22), {})
    try:
        first, second = kept.ports.values()
        assert first != second
        assert not ports.listens([first, second])
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(("127.0.0.1", first))
        with socket.socket() as engine:  # as Go does
            engine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            engine.bind(("127.0.0.1", first))
            engine.listen()
            assert ports.owners([first, second]) == {first: str(os.getuid())}
    finally:
        kept.release()


def test_a_fixed_port_that_somebody_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            ports.Reserved("127.0.0.1", (22, 80), {80: port})


def test_an_address_of_another_host() -> None:
    with pytest.raises(LaunchFailed, match=r"192\.0\.2\.1") as raised:
        ports.Reserved("192.0.2.1", (80,), {})
    assert not isinstance(raised.value, PortTaken)


def test_who_listens_is_read_from_the_kernels_tables(tmp_path: Path) -> None:
    rest = "00000000:00000000 00:00000000 00000000"
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        f"   0: 0100007F:1F90 00000000:0000 0A {rest}     0        0\n"
        f"   1: 0100007F:0016 00000000:0000 0A {rest}  1002        0\n"
        f"   2: 0100007F:1F91 0100007F:1F90 01 {rest}     0        0\n"
    )
    owners = ports.owners([8080, 22, 8081], [table, tmp_path / "nosuch"])
    assert owners == {8080: "0", 22: "1002"}


@pytest.fixture
def subids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shares, "SUBUID", tmp_path / "subid")
    monkeypatch.setattr(shares, "SUBGID", tmp_path / "subid")
    monkeypatch.setattr("os.getuid", lambda: 1234)
    monkeypatch.setattr("os.getgid", lambda: 1234)
    return tmp_path / "subid"


def owned(
    plan: Plan = SHARING,
    *,
    may_map: bool = True,
    asks_subids: bool = True,
    kernel_shifts: bool = True,
) -> shares.Ownership:
    return shares.ownership(
        plan, may_map=may_map, asks_subids=asks_subids, kernel_shifts=kernel_shifts
    )


def test_without_shares_nobody_is_mapped(subids: Path) -> None:
    assert owned(PLAN) == shares.Ownership()


@pytest.mark.parametrize("line", ["root:1234:1", "0:1000:1000", "root:1234:1\nlab:1:1"])
def test_a_user_who_is_lent_to_lxd_is_mapped(subids: Path, line: str) -> None:
    subids.write_text(f"lab:165536:65536\n{line}\n")
    assert owned() == shares.Ownership(idmap="uid 1234 1000\ngid 1234 1000")


@pytest.mark.parametrize("line", ["", "root:1235:1", "lab:1234:1", "root:1234", "root:x:1"])
def test_a_user_who_is_not_gets_the_line_to_type(subids: Path, line: str) -> None:
    subids.write_text(line)
    with pytest.raises(LaunchFailed) as raised:
        owned()
    assert "echo root:1234:1 | sudo tee -a" in raised.value.remedy


def test_without_newuidmap_nobody_has_to_lend(subids: Path) -> None:
    assert owned(asks_subids=False).idmap


def test_the_same_number_on_both_sides_needs_shifted_mounts_only(subids: Path) -> None:
    plan = replace(SHARING, uid=1234)
    assert owned(plan) == shares.Ownership(shift=True)
    with pytest.raises(LaunchFailed):
        owned(plan, kernel_shifts=False)


def test_a_project_that_maps_its_user_only_to_the_same_number(subids: Path) -> None:
    subids.write_text("root:1234:1")
    with pytest.raises(LaunchFailed, match="does not allow"):
        owned(may_map=False)
    assert owned(replace(SHARING, uid=1234), may_map=False) == shares.Ownership()
