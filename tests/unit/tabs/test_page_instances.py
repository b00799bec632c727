"""Pages as instances: made, listed, ended, killed, pruned."""

import os
import signal
import socket
import stat
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from abcd_run.errors import LaunchFailed, NameTaken, PortTaken, UsageError
from abcd_run.launch.launcher import enough
from abcd_run.launch.readiness import look
from abcd_run.model import Artifact, Format, Instance, Resources, RootHeld, Share, Stage
from abcd_run_browser import folder, local
from abcd_run_browser.runtime import BrowserRuntime
from tests.unit.tabs.conftest import PLAN, Serve
from tests.unit.tabs.tab import Tab
from tests.waiting import until


def server(one: Instance) -> psutil.Process:
    return psutil.Process(folder.of(one.runtime_id).started()["pid"])


def test_what_is_served_is_an_instance(served: Instance, runtime: BrowserRuntime) -> None:
    assert runtime.instances() == runtime.instances("demo-browser-1") == [served]
    assert (served.running, served.began, served.root) == (True, True, RootHeld.SANDBOX)
    assert served.endpoints[0].protocol == "http"
    assert served.ports == {}
    assert enough(served) is Stage.REACHABLE
    assert runtime.instances("../demo-browser-1") == runtime.instances("other") == []


def test_others_can_open_nothing(served: Instance) -> None:
    there = folder.of(served.runtime_id)
    for path in (there.path.parent, there.path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert served.password not in " ".join(server(served).cmdline())
    assert (there.path / local.SOCKET).is_socket()


def test_it_is_created_before_it_is_started(runtime: BrowserRuntime, site: Path) -> None:
    key = runtime.create(PLAN, str(site))
    (one,) = runtime.instances()
    assert (one.running, one.began, one.state) == (False, False, "created")
    assert look(one).stage is Stage.CREATED
    with pytest.raises(NameTaken):
        runtime.create(PLAN, str(site))
    runtime.remove(key)
    runtime.remove(key)
    assert runtime.instances() == []


def test_a_taken_port_is_told_and_leaves_no_server(runtime: BrowserRuntime, site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        key = runtime.create(replace(PLAN, ports={8080: port}), str(site))
        with pytest.raises(PortTaken) as refused:
            runtime.start(key)
    assert refused.value.port == port
    (one,) = runtime.instances()
    assert not one.running


def test_stop_leaves_nothing(served: Instance, runtime: BrowserRuntime) -> None:
    process, there = server(served), folder.of(served.runtime_id)
    runtime.remove(served.runtime_id)
    assert not there.path.exists()
    until(lambda: not process.is_running(), within=5)
    assert runtime.instances() == []


def test_a_killed_server_is_seen_and_pruned(served: Instance, runtime: BrowserRuntime) -> None:
    server(served).send_signal(signal.SIGKILL)
    until(lambda: not runtime.instances()[0].running, within=5)
    (one,) = runtime.instances()
    assert (one.state, one.endpoints) == ("its server was killed", ())
    assert not one.began  # so `prune` removes it: nothing of its machine is left
    runtime.remove(one.runtime_id)
    assert not folder.of(one.runtime_id).path.exists()


def test_a_stopped_server_is_not_answering_and_can_be_removed(
    served: Instance, runtime: BrowserRuntime
) -> None:
    server(served).send_signal(signal.SIGSTOP)
    until(lambda: runtime.instances()[0].silent, within=5)
    assert look(runtime.instances()[0]).stage is Stage.RUNNING
    runtime.remove(served.runtime_id)
    assert runtime.instances() == []


def test_a_server_ends_when_its_folder_is_gone(served: Instance) -> None:
    process = server(served)
    folder.of(served.runtime_id).remove()
    until(lambda: not process.is_running(), within=10)


def test_prune_removes_what_was_half_made(served: Instance, runtime: BrowserRuntime) -> None:
    home = folder.homes()[0]
    for name in (f"{folder.PART}x", "half"):
        (home / name).mkdir()
    runtime.prune()
    assert [path.name for path in home.iterdir()] == [served.name]
    assert runtime.instances() == [served]


def test_restart_serves_the_page_again(served: Instance, runtime: BrowserRuntime) -> None:
    tab = Tab(served)
    tab.hello()
    tab.tells("ready")
    again = runtime.restart(served.runtime_id)
    assert again.password == served.password
    assert look(again).stage is Stage.REACHABLE
    assert Tab(again).token != tab.token


def test_a_folder_that_is_no_instance_is_not_ours(runtime: BrowserRuntime, home: Path) -> None:
    place = folder.homes()[0] / "stranger"
    place.mkdir(parents=True)
    for text in ("", "[]", "{}", '{"labels": 1}', "[" * 100_000):
        (place / "instance.json").write_text(text)
        assert runtime.instances() == []


def test_pids_of_others_get_no_signal(served: Instance, runtime: BrowserRuntime) -> None:
    """A pid that is noted counts only as long as its server holds the lock."""
    server(served).send_signal(signal.SIGKILL)
    there = folder.of(served.runtime_id)
    until(lambda: not there.runs(), within=5)
    there.write("started", {"pid": os.getpid(), "port": 1})
    runtime.remove(served.runtime_id)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resources": Resources(disk=1 << 30)}, "disk"),
        ({"resources": Resources(cpus=2)}, "--cpus"),
        ({"shares": (Share(Path("/tmp"), "/mnt"),)}, "--share"),
        ({"home": Share(Path("/tmp"), "/home/abcd")}, "--home"),
        ({"ports": {8080: 1025, 22: 1026}}, "--publish"),
        ({"env": {"A": "one\ntwo"}}, "--env A"),
    ],
)
def test_what_a_tab_cannot_have_is_refused_at_once(
    runtime: BrowserRuntime, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        runtime.check(replace(PLAN, **changes))  # type: ignore[arg-type]


def test_an_address_of_another_host_is_refused(runtime: BrowserRuntime) -> None:
    with pytest.raises(LaunchFailed, match=r"192\.0\.2\.1"):
        runtime.check(replace(PLAN, address="192.0.2.1"))


def test_variables_travel_in_the_seed(serve: Serve) -> None:
    one = serve(env={"GREETING": "hello world"})
    assert Tab(one).get("/machine.json").json["seed"]["ABCD_ENV_GREETING"] == "hello world"


def test_the_line_of_a_dry_run_makes_the_same(runtime: BrowserRuntime, site: Path) -> None:
    import subprocess

    line = runtime.native(PLAN, Artifact(Format.SITE, "x", path=site))
    subprocess.run(["/bin/sh", "-c", line], check=True, timeout=60)
    (one,) = runtime.instances()
    assert (one.running, one.password) == (True, PLAN.seed.password)
    assert one.labels == runtime.instances(PLAN.name)[0].labels
