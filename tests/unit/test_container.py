"""What an engine tells of a container: whose it is, and who root inside is on this host."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from abcd_run.backend import oci_arguments, oci_engine, oci_inspect, record
from abcd_run.backend.ownership import Marks
from abcd_run.host import this_host
from tests.unit.plans import CONTAINER

PLAN = replace(CONTAINER, created="2026-01-02T03:04:05.678Z")
LABELS = record.labels(PLAN)
GONE = 2**22 + 1
"""More than any process's number."""


def facts(
    labels: Mapping[str, str] | None = None, *, pid: int = GONE, name: str = "demo-1"
) -> dict[str, Any]:
    return {
        "Name": name,
        "Id": "0123456789abcdef",
        "Image": "sha256:1",
        "Config": {"Labels": labels or {}, "Env": []},
        "State": {"Running": True, "Status": "running", "Pid": pid},
        "NetworkSettings": {},
    }


def ours(given: Mapping[str, str] | None, told: dict[str, Any]) -> bool:
    marks = Marks(lambda image: {"sha256:1": given}[image])
    return marks.are_own(oci_inspect.instance(told, runtime="fake"), told)


# Whose it is


def test_a_container_that_we_made_is_ours() -> None:
    assert ours({}, facts(LABELS))
    assert not ours({}, facts({"other": "x"}))


def test_a_container_of_an_image_with_our_labels_is_not_ours() -> None:
    assert not ours(LABELS, facts(LABELS, name="by-hand"))
    assert not ours(LABELS, facts(LABELS))
    assert not ours({record.MARK: "1"}, facts({record.MARK: "1"}))


def test_an_instance_of_an_image_that_was_made_of_an_instance_is_ours() -> None:
    earlier = record.labels(replace(PLAN, created="2026-01-02T03:04:05.677Z"))
    assert ours(earlier, facts(LABELS))


def test_a_container_whose_image_is_gone_must_have_its_own_name() -> None:
    assert ours(None, facts(LABELS))
    assert not ours(None, facts(LABELS, name="by-hand"))


def test_an_image_is_asked_for_once() -> None:
    asked: list[str] = []
    marks = Marks(asked.append)
    for _ in range(3):
        marks.are_own(oci_inspect.instance(facts(LABELS), runtime="fake"), facts(LABELS))
    assert asked == ["sha256:1"]


# Who root inside is


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield path


def test_an_unseen_process_has_at_most_the_engines_rights(engine: Path) -> None:
    assert oci_inspect.instance(facts(), runtime="fake", engine=engine).host_root == os.getuid()


def test_an_unseen_process_of_an_unseen_engine_is_unknown(tmp_path: Path) -> None:
    for socket_path in (None, tmp_path / "nobody.sock"):
        told = oci_inspect.instance(facts(), runtime="fake", engine=socket_path)
        assert told.host_root is None


def test_the_number_of_another_process_says_nothing(engine: Path) -> None:
    """An engine in a PID namespace of its own: here the number is this test's."""
    told = oci_inspect.instance(facts(pid=os.getpid()), runtime="fake", engine=engine)
    assert told.host_root == os.getuid()
    assert oci_inspect.instance(facts(pid=os.getpid()), runtime="fake").host_root is None


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_an_unreadable_process_is_not_one_of_this_users_engine(engine: Path) -> None:
    told = oci_inspect.instance(facts(pid=1), runtime="fake", engine=engine)
    assert told.host_root == os.getuid()


def test_nobody_listens(tmp_path: Path, engine: Path) -> None:
    assert this_host.listener(engine) == os.getuid()
    assert this_host.listener(tmp_path / "nobody.sock") is None
    assert this_host.listener(Path("x" * 300)) is None


# What it may do


def test_the_native_line_says_what_it_may_do() -> None:
    options = {"cap_add": ["NET_RAW"], "devices": ["/dev/fuse"], "network": "none", "init": True}
    line = oci_engine.run_line(["e"], replace(PLAN, options=options), "image", ports=())
    for word in (
        "--cap-drop=MKNOD", "--security-opt no-new-privileges", "--cap-add=NET_RAW",
        "--device=/dev/fuse", "--network=none", "--init",
    ):  # fmt: skip
        assert f" {word} " in line
    assert "--cap-drop=NET_RAW" not in line
    meant = oci_engine.run_line(["e"], replace(PLAN, options={"setuid": True}), "image", ports=())
    assert "no-new-privileges" not in meant


@pytest.mark.parametrize(("limits", "pids"), [({"pids", "cpu"}, 4096), ({"cpu"}, None)])
def test_a_limit_that_cannot_be_enforced_is_not_passed(limits: set[str], pids: int | None) -> None:
    assert oci_arguments.arguments(PLAN, ports=(), limits=limits).get("pids_limit") == pids


def test_what_is_not_limited_is_listed() -> None:
    (note,) = oci_arguments.unlimited((), engine="e")
    why = "e has no delegated cgroup v2 here"
    assert note == f"memory, cpu and pids limits are not enforced: {why}"
    (note,) = oci_arguments.unlimited({"memory", "pids"}, engine="e")
    assert note == f"cpu limits are not enforced: {why}"
    assert oci_arguments.unlimited({"memory", "cpu", "pids", "io"}, engine="e") == ()


# How far it has come


@pytest.mark.parametrize(
    ("status", "started", "said", "began"),
    [
        ("created", "0001-01-01T00:00:00Z", "created", False),
        ("created", "2026-11-27T19:47:43.7Z", "exited", True),  # Podman after a reboot
        ("exited", "2026-11-27T19:47:43.7Z", "exited with status 3", True),
        ("paused", "2026-11-27T19:47:43.7Z", "suspended", True),
        ("running", "2026-11-27T19:47:43.7Z", "running", True),
    ],
)
def test_what_inspect_tells(status: str, started: str, said: str, *, began: bool) -> None:
    state = {"Running": status in ("running", "paused"), "Status": status, "Pid": GONE}
    told = facts() | {"State": {**state, "ExitCode": 3, "StartedAt": started}}
    instance = oci_inspect.instance(told, runtime="fake")
    assert (instance.state, instance.began) == (said, began)
    assert instance.silent == (status == "paused")


@pytest.mark.parametrize(
    ("status", "started", "said", "began"),
    [
        ("created", {}, "created", False),  # Docker's list has no time
        ("created", {"StartedAt": -62135596800}, "created", False),
        ("created", {"StartedAt": 1795808863}, "exited", True),
        ("exited", {}, "exited", True),
        ("paused", {}, "suspended", True),
    ],
)
def test_what_the_list_tells(
    status: str, started: dict[str, int], said: str, *, began: bool
) -> None:
    line = {"Names": ["/demo-1"], "Id": "0", "Labels": {}, "State": status, **started}
    instance = oci_inspect.brief(line, runtime="fake")
    assert (instance.state, instance.began) == (said, began)
    assert instance.running == (status == "paused")


# What a shell finds


@pytest.mark.parametrize("home", ["", "gone"])
def test_a_shell_begins_in_the_home_where_there_is_one(home: str, tmp_path: Path) -> None:
    """Engines begin in the folder that the image names."""
    environment = {**os.environ, "HOME": str(tmp_path / home)}
    ended = subprocess.run(
        oci_engine.SHELL, input="pwd", cwd="/", env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ended.stdout.splitlines()[-1] == ("/" if home else str(tmp_path))
