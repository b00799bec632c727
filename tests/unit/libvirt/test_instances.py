"""Machines of several daemons as instances, some of which do not answer."""

import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from abcd_run.backend import record
from abcd_run.errors import LaunchFailed
from abcd_run.model import Plan, Service

libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed")
from abcd_run_libvirt import folder, instances, labels, processes, service  # noqa: E402
from abcd_run_libvirt.processes import Process  # noqa: E402
from abcd_run_libvirt.runtime import LibvirtRuntime  # noqa: E402

GONE = libvirt.VIR_ERR_NO_DOMAIN


def refused(code: int) -> Exception:
    error: Exception = libvirt.libvirtError("no")
    error.err = (code, 0, "no", 0, "", None, None, 0, 0)  # type: ignore[attr-defined]
    return error


class Domain:
    """The part of libvirt's domain that the code uses, without QEMU's monitor."""

    def __init__(self, name: str, metadata: str) -> None:
        self._name, self._metadata, self.id = name, metadata, str(uuid.uuid4())
        self.now = libvirt.VIR_DOMAIN_RUNNING
        self.destroyed: list[int | None] = []

    def name(self) -> str:
        return self._name

    def UUIDString(self) -> str:  # noqa: N802
        return self.id

    def state(self) -> tuple[int, int]:
        return self.now, 1

    def metadata(self, _kind: int, _namespace: str) -> str:
        return self._metadata

    def destroy(self) -> None:
        self.destroyed.append(None)
        raise refused(libvirt.VIR_ERR_OPERATION_FAILED)


class Daemon:
    def __init__(self, *domains: Domain) -> None:
        self.domains = list(domains)

    def listAllDomains(self) -> list[Domain]:  # noqa: N802
        return self.domains

    def lookupByName(self, name: str) -> Domain:  # noqa: N802
        return self._one(name, Domain.name)

    def lookupByUUIDString(self, key: str) -> Domain:  # noqa: N802
        return self._one(key, Domain.UUIDString)

    def _one(self, key: str, of: Callable[[Domain], str]) -> Domain:
        for domain in self.domains:
            if of(domain) == key:
                return domain
        raise refused(GONE)


@pytest.fixture
def domain(plan: Plan) -> Callable[..., Domain]:
    def make(name: str, **noted: Any) -> Domain:
        known = labels.Noted(record.labels(replace(plan, name=name)), "pw")
        return Domain(name, labels.text(replace(known, **noted)))

    return make


@pytest.fixture(autouse=True)
def alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Process]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    alive: dict[str, Process] = {}
    monkeypatch.setattr(processes, "running", lambda: alive)
    return alive


@pytest.mark.parametrize(
    ("noted", "process", "asked"),
    [
        ({}, {}, True),  # made by the lines of a dry run, or by an earlier version
        ({"ports": {80: ("127.0.0.1", 1234)}}, {}, False),
        ({}, {"stopped": True}, False),
        ({}, None, False),
    ],
)
def test_qemu_is_asked_for_ports_that_nobody_has_noted(
    noted: Any,
    process: Any,
    asked: bool,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("abcd_run_libvirt.ports.forwarded", lambda _: {80: ("127.0.0.1", 99)})
    served = replace(plan, services=(Service("web", 80, "http"),))
    known = replace(labels.Noted(record.labels(served), "pw"), **noted)
    one: Any = Domain("one", labels.text(known))
    qemu = None if process is None else Process(7, one.id, 1000, **process)
    instance = instances.instance(one, qemu)
    assert instance is not None
    assert (instance.ports == {80: ("127.0.0.1", 99)}) is asked


def test_one_that_answers_nobody_hides_no_other(
    domain: Callable[..., Domain], alive: dict[str, Process]
) -> None:
    stuck, well = domain("stuck", ports={80: ("127.0.0.1", 1234)}), domain("well")
    alive[stuck.id] = Process(7, stuck.id, 1000, stopped=True)
    alive[well.id] = Process(8, well.id, 1000)
    listed = {one.name: one for one in LibvirtRuntime([Daemon(stuck, well)]).instances()}
    assert [(one.state, one.silent) for one in listed.values()] == [
        ("not answering", True), ("running", False),
    ]  # fmt: skip
    assert listed["stuck"].running  # so that prune leaves it alone
    assert listed["stuck"].ports == {80: ("127.0.0.1", 1234)}
    assert listed["stuck"].host_root == 1000
    with pytest.raises(LaunchFailed, match="process 7 is stopped") as raised:
        LibvirtRuntime([Daemon(stuck)]).screenshot(listed["stuck"])
    assert raised.value.remedy.startswith("kill -CONT 7, or ")


def test_one_whose_metadata_others_wrote_hides_no_other(domain: Callable[..., Domain]) -> None:
    foreign = Domain("foreign", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>")
    runtime = LibvirtRuntime([Daemon(foreign, domain("well"))])
    assert [one.name for one in runtime.instances()] == ["well"]


@pytest.mark.parametrize(
    ("state", "begun", "said", "running"),
    [
        ("PAUSED", False, "created", False),
        ("PAUSED", True, "suspended", True),
        ("RUNNING", False, "running", True),
        ("SHUTOFF", True, "off", False),
    ],
)
def test_states(
    domain: Callable[..., Domain], state: str, said: str, *, begun: bool, running: bool
) -> None:
    one = domain("x", begun=begun)
    one.now = getattr(libvirt, f"VIR_DOMAIN_{state}")
    (instance,) = LibvirtRuntime([Daemon(one)]).instances()
    assert (instance.state, instance.running) == (said, running)


def test_machines_of_another_daemon_are_ours_too(domain: Callable[..., Domain]) -> None:
    """One daemon was started by cron while nobody was logged in."""
    by_cron = domain("by-cron")
    runtime = LibvirtRuntime([Daemon(domain("by-login")), Daemon(by_cron)])
    assert [one.name for one in runtime.instances()] == ["by-login", "by-cron"]
    assert [one.name for one in runtime.instances("by-cron")] == ["by-cron"]
    assert [one.name for one in runtime.instances(by_cron.id)] == ["by-cron"]
    assert runtime.instances("nobody") == []


def test_prune_leaves_a_machine_that_runs_unknown_to_libvirt(alive: dict[str, Process]) -> None:
    ids = [str(uuid.uuid4()) for _ in range(2)]
    for one in ids:
        with folder.made(one) as there:
            there.seed.write_text("secret")
    alive[ids[0]] = Process(7, ids[0], os.getuid())
    LibvirtRuntime([Daemon()]).prune()
    assert [folder.of(one).path.exists() for one in ids] == [True, False]


def test_stop_of_one_that_answers_nobody(
    domain: Callable[..., Domain], alive: dict[str, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is killed first; that libvirt then fails does not matter."""
    stuck, ended = domain("stuck"), list[int]()
    alive[stuck.id] = Process(7, stuck.id, os.getuid(), stopped=True)
    monkeypatch.setattr(processes, "end", lambda process: ended.append(process.pid))
    with folder.made(stuck.id) as there:
        pass
    LibvirtRuntime([Daemon(stuck)]).remove(stuck.id)
    assert ended[0] == 7
    assert not there.path.exists()


def test_a_machine_that_libvirt_cannot_switch_off(
    domain: Callable[..., Domain], alive: dict[str, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, ended = domain("one"), list[int]()
    with pytest.raises(libvirt.libvirtError):
        instances.destroy(one)
    alive[one.id] = Process(9, one.id, os.getuid())
    monkeypatch.setattr(processes, "end", lambda process: ended.append(process.pid))
    instances.destroy(one)
    assert ended == [9]


def test_libvirt_is_told_which_session_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str | None]] = []

    def opened(uri: str) -> str:
        told.append((uri, os.environ.get("XDG_RUNTIME_DIR")))
        return uri

    usual, cache = tmp_path / "run" / str(os.getuid()), tmp_path / "c"
    usual.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(libvirt, "open", opened)
    monkeypatch.setattr("abcd_run.host.xdg.SESSIONS", tmp_path / "run")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc")  # what su leaves: another user's
    service.connect()
    (cache / "libvirt").mkdir(parents=True)
    (cache / "libvirt" / "libvirt-sock").touch()
    service.connect()
    other = f"qemu:///session?socket={cache}/libvirt/libvirt-sock"
    assert told == [("qemu:///session", str(usual))] * 2 + [(other, str(usual))]


@pytest.mark.parametrize(
    ("protocols", "named"),
    [
        ((), []),
        (("vnc",), [("screen", "vnc")]),
        (("spice", "vnc"), [("screen", "spice"), ("vnc", "vnc")]),
    ],
)
def test_one_screen_by_two_protocols(
    protocols: tuple[str, ...], named: list[tuple[str, str]], domain: Callable[..., Domain]
) -> None:
    one: Any = domain("one")
    there = folder.of(one.id)
    there.path.mkdir(parents=True)
    for protocol in protocols:
        there.screen(protocol).touch()
    instance = instances.instance(one, None)
    assert instance is not None
    assert [(screen.service, screen.protocol) for screen in instance.screens] == named
    for screen in instance.screens:
        assert screen.url == f"{screen.protocol}+unix://{there.screen(screen.protocol)}"
