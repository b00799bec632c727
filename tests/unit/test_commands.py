"""The commands as scripts and people see them: documents, statuses, words."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run.errors import LaunchFailed, NoRuntime
from abcd_run.runtime import Probe, Problem
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, fails

Run = Callable[..., Ended]

INSTANCE = {
    "name", "image", "variant", "runtime", "stage", "created", "endpoints", "password",
    "host_root", "ready_seconds", "runtime_id", "resources", "home",
}  # fmt: skip
ERROR = {"code", "message", "details", "remedy", "runtime", "name"}


def document(ended: Ended, *, status: int = 0) -> dict[str, Any]:
    """Return the only thing on standard output, by the design's schema."""
    assert ended.status == status, ended.err
    answer: dict[str, Any] = ended.json
    for one in answer.get("instances", []):
        assert set(one) == INSTANCE
        assert all(set(endpoint) == {"service", "protocol", "url"} for endpoint in one["endpoints"])
    for error in answer["errors"]:
        assert set(error) == ERROR
    return answer


def test_the_document_of_a_launch(engine: FakeEngine, web: Path, run: Run) -> None:
    answer = document(run("--json", "web"))
    assert set(answer) == {"instances", "errors"}
    (one,) = answer["instances"]
    assert (one["name"], one["image"], one["variant"]) == ("web-fake-1", "web", "abcdic-web")
    assert (one["runtime"], one["stage"], one["host_root"]) == ("fake", "ready", 100000)
    assert isinstance(one["ready_seconds"], float)
    assert one["runtime_id"] == "fake-0001"
    assert [endpoint["service"] for endpoint in one["endpoints"]] == ["web", "ssh"]
    assert one["endpoints"][0]["url"].startswith("http://127.0.0.1:")
    assert answer["errors"] == []
    for command in (("ps",), ("show", "web-fake-1"), ("wait", "web-fake-1")):
        assert document(run(*command, "--json"))["instances"] == [{**one, "ready_seconds": None}]
    assert document(run("--json", "stop", "--all")) == {"stopped": ["web-fake-1"], "errors": []}
    assert document(run("ps", "--json")) == {"instances": [], "errors": []}


def test_a_console_does_not_clear_the_terminal(engine: FakeEngine, web: Path, run: Run) -> None:
    """What a boot menu printed is shown with an error; JSON keeps it as it is."""
    engine.dies, engine.console = True, b"\x1b[H\x1b[J\x1b[1;1H  Booting\tit\x07\r\n"
    ended = run("--json", "web")
    assert "\x1b[H" in ended.json["errors"][0]["details"]
    assert "  Booting" in ended.err
    assert all(line.isprintable() for line in ended.err.splitlines())


def test_what_people_see(engine: FakeEngine, web: Path, run: Run) -> None:
    ended = run("web")
    assert ended.status == 0
    password = next(iter(engine.held.values())).plan.seed.password
    assert ended.out.startswith("web-fake-1 is ready after 0.")
    assert password in ended.out
    assert "abcd-run stop web-fake-1" in ended.out
    assert [line.split()[-1] for line in ended.err.splitlines()] == [
        "planned", "fetched", "created", "running", "ready",
    ]  # fmt: skip
    assert "0→100000" in run("ps").out
    assert "uid 100000 of this host" in run("show", "web-fake-1").out
    assert password in run("open", "web-fake-1").out
    assert run("logs", "web-fake-1").out == "fake: up\n"
    quiet = run("-q", "web")
    assert quiet.err == ""


@pytest.mark.parametrize(
    ("on", "fail", "status"),
    [
        (("--on", "one"), LaunchFailed("no"), 5),
        (("--on", "one,two"), LaunchFailed("no"), 1),
        (("--on", "one,two"), NoRuntime("no"), 1),
        (("--on", "one", "--on", "two", "--count", "2"), LaunchFailed("no"), 1),
    ],
)
def test_some_failed(
    on: tuple[str, ...],
    fail: Exception,
    status: int,
    engines: Callable[..., list[FakeEngine]],
    web: Path,
    run: Run,
) -> None:
    one, two = engines("one", "two")
    one.before["create"] = fails(fail)
    ended = run("--json", *on, "web")
    answer = document(ended, status=status)
    assert {error["runtime"] for error in answer["errors"]} == {"one"}
    assert {error["name"] for error in answer["errors"]} <= {"web-one-1", "web-one-2"}
    assert len(two.held) == len(answer["instances"])
    assert "web-one-1: no" in ended.err


def test_late_is_6_with_the_instance_and_the_error(engine: FakeEngine, web: Path, run: Run) -> None:
    engine.page = 503
    answer = document(run("--json", "--timeout", "0.05", "web"), status=6)
    assert [one["stage"] for one in answer["instances"]] == ["reachable"]
    assert [error["code"] for error in answer["errors"]] == [6]
    assert document(run("--json", "wait", "--timeout", "0.05", "web-fake-1"), status=6)


def test_a_line_on_the_console_counts_for_ps_too(engine: FakeEngine, web: Path, run: Run) -> None:
    (one,) = document(run("--json", "--set", "ready.console=^fake: up", "web"))["instances"]
    assert one["stage"] == "ready"
    (seen,) = document(run("ps", "--json"))["instances"]
    assert seen["stage"] == "ready"


@pytest.mark.parametrize("command", [["--open", "bare"], ["open", "bare-fake-1"]])
def test_one_document_also_where_there_is_nothing_to_open(
    command: list[str], engine: FakeEngine, write: Callable[..., Path], run: Run
) -> None:
    write("bare", "[abcdic]\n[services.ssh]\nport = 22\nprotocol = 'ssh'")
    if command[0] == "open":
        assert run("bare").status == 0
    answer = document(run("--json", *command), status=5 if command[0] == "open" else 1)
    assert [error["message"] for error in answer["errors"]] == ["bare-fake-1 has nothing to show"]
    assert [one["name"] for one in answer["instances"]] == ["bare-fake-1"]


def test_one_document_of_a_launch_that_opens(engine: FakeEngine, web: Path, run: Run) -> None:
    assert document(run("--json", "--open", "web"))["errors"] == []


@pytest.mark.parametrize(
    "words",
    [
        ["--on", "fake", "--json", "ps"],
        ["ps", "--json", "--on", "fake"],
        ["--json", "ps", "--on=fake"],
        ["-q", "--json", "ps"],
    ],
)
def test_options_stand_before_and_after_the_command(
    words: list[str], engine: FakeEngine, run: Run
) -> None:
    assert document(run(*words)) == {"instances": [], "errors": []}


@pytest.mark.parametrize(
    ("words", "name", "command"),
    [
        (["--on", "fake", "web", "--name", "n"], "n", ()),
        (["web", "--name", "ps", "--on", "fake"], "ps", ()),
        (["--name", "ps", "web"], "ps", ()),
        (["launch", "web"], "web-fake-1", ()),
        (["web", "--", "sh", "-c", "echo --json"], "web-fake-1", ("sh", "-c", "echo --json")),
        (["web", "--", "ps", "--json"], "web-fake-1", ("ps", "--json")),
        (["web", "--name", "n", "--", "--", "x"], "n", ("--", "x")),
        (["--", "web"], "web-fake-1", ()),
        (["--", "web", "ls"], "web-fake-1", ("ls",)),
    ],
)
def test_words(
    words: list[str], name: str, command: tuple[str, ...], engine: FakeEngine, web: Path, run: Run
) -> None:
    ended = run(*words)
    assert ended.status == 0, ended.err
    (held,) = engine.held.values()
    assert (held.plan.name, held.plan.command) == (name, command)
    assert ended.out.startswith(f"{name} is ready")


def test_dry_run(engine: FakeEngine, web: Path, run: Run) -> None:
    (plan,) = document(run("--json", "--dry-run", "--memory", "1MiB", "web"))["plans"]
    assert (plan["name"], plan["memory"], plan["format"]) == ("web-fake-1", 2**20, "oci")
    assert " fake run --detach --name web-fake-1" in plan["native"]
    assert "web-fake-1 would be launched:" in run("--dry-run", "web").out
    assert engine.held == {}
    assert "create" not in engine.calls


def test_password_file_and_environment(engine: FakeEngine, web: Path, run: Run) -> None:
    Path("secret").write_text(" correct horse \n")
    os.environ["TEST_MINE"] = "mine"
    ended = run(
        "--json", "--password-file", "secret", "--env", "A=b=c", "--env", "TEST_MINE", "web"
    )
    del os.environ["TEST_MINE"]
    (one,) = document(ended)["instances"]
    assert one["password"] == "correct horse"
    (held,) = engine.held.values()
    assert held.plan.env == {"A": "b=c", "TEST_MINE": "mine"}


@pytest.mark.parametrize(
    ("word", "source", "path", "read_only"),
    [
        ("a", "a", "/mnt/a", False),
        ("a:ro", "a", "/mnt/a", True),
        ("a:/x", "a", "/x", False),
        ("a:/x:ro", "a", "/x", True),
    ],
)
def test_shares(
    word: str,
    source: str,
    path: str,
    read_only: bool,
    engine: FakeEngine,
    web: Path,
    run: Run,
) -> None:
    Path("a").mkdir()
    assert run("--share", word, "web").status == 0
    (share,) = next(iter(engine.held.values())).plan.shares
    assert (share.source, share.target, share.read_only) == (
        Path(source).absolute(),
        path,
        read_only,
    )


def test_exec(engine: FakeEngine, web: Path, run: Run) -> None:
    assert run("web").status == 0
    script = "echo $FAKE_USER@$FAKE_NAME; echo oops >&2; exit 7"
    ended = run("--json", "exec", "web-fake-1", "--", "/bin/sh", "-c", script)
    assert ended.status == 7
    said = {"stdout": "abcd@web-fake-1\n", "stderr": "oops\n"}
    assert ended.json == {"status": 7, **said, "errors": []}


def test_stop(engine: FakeEngine, web: Path, run: Run) -> None:
    assert run("--count", "3", "web").status == 0
    ended = run("--json", "stop", "web-fake-1", "nosuch", "web-fake-1")
    answer = document(ended, status=1)
    assert answer["stopped"] == ["web-fake-1"]
    assert [error["name"] for error in answer["errors"]] == ["nosuch"]
    engine.before["remove"] = fails(LaunchFailed("stuck"), times=1)
    answer = document(run("--json", "stop", "--all"), status=1)
    assert (len(answer["stopped"]), len(answer["errors"])) == (1, 1)
    assert "stopped nothing" not in run("stop", "--all").out
    assert engine.held == {}
    assert run("stop", "--all").out == "stopped nothing\n"


def test_stop_all_says_which_runtime_did_not_answer(engine: FakeEngine, run: Run) -> None:
    engine.before["instances"] = fails(NoRuntime("its daemon is down"))
    ended = run("stop", "--all")
    assert ended.status == 1
    assert "its daemon is down" in ended.err


def test_stop_all_where_a_runtime_cannot_be_opened(engine: FakeEngine, run: Run) -> None:
    """Such as one without its SDK: it cannot have launched anything."""
    engine.before["open"] = fails(NoRuntime("its SDK is not installed"))
    ended = run("stop", "--all")
    assert ended.status == 0
    assert "its SDK is not installed" in ended.err
    assert run("stop", "--all", "--on", "fake").status == 3


def test_prune_removes_what_does_not_run(engine: FakeEngine, web: Path, run: Run) -> None:
    assert run("--count", "2", "web").status == 0
    engine.held["fake-0001"].state = "created"
    assert document(run("--json", "prune")) == {
        "pruned": ["web-fake-1"], "kept": [], "errors": [],
    }  # fmt: skip
    assert engine.names() == ["web-fake-2"]


def test_images(engine: FakeEngine, web: Path, write: Callable[..., Path], run: Run) -> None:
    write("broken", "nosuch = 1")
    write("child", "parent = 'web'")
    answer = document(run("images", "--json"))
    names = [image["name"] for image in answer["images"]]
    assert names == ["abcd", "abcd4demo", "abcd4demo-desktop", "abcd4desktop", "child", "web"]
    assert [error["name"] for error in answer["errors"]] == ["broken"]
    assert next(i for i in answer["images"] if i["name"] == "child")["lineage"] == ["web"]
    ended = run("images", "--tree")
    assert "└─ abcd4demo-desktop" in ended.out
    assert "web  An image for tests\n└─ child  An image for tests" in ended.out
    assert "broken.toml" in ended.err


def test_pull(engine: FakeEngine, web: Path, run: Run) -> None:
    (pulled,) = document(run("--json", "pull", "web"))["pulled"]
    assert pulled == {
        "variant": "abcdic-web", "runtime": "fake", "id": "localhost/abcdic-web:latest",
    }  # fmt: skip
    engine.registry = set()
    engine.images.clear()
    assert run("pull", "web").status == 4


def test_runtimes_and_doctor(engines: Callable[..., list[FakeEngine]], web: Path, run: Run) -> None:
    well, ill = engines("well", "ill")
    ill.probed = Probe(problem=Problem("no daemon", "start it"))
    well.probed = Probe(version="5.6", notes=("memory limits are not enforced",))
    first, second = document(run("runtimes", "--json"))["runtimes"]
    assert (first["name"], first["usable"], first["remedy"]) == ("ill", False, "start it")
    assert (second["version"], second["accepts"]) == ("5.6", ["oci"])
    assert "memory limits are not enforced" in run("runtimes").out
    doctor = run("doctor", "web")
    assert doctor.status == 0
    assert "FAIL ill: no daemon\n     → start it\n" in doctor.out
    assert "instances of web fit" in doctor.out
    assert document(run("doctor", "--json", "web"))["fits"] > 0
    well.problem = Problem("gone", "")
    assert run("doctor").status == 3
    (error,) = document(run("doctor", "--json"), status=3)["errors"]
    assert error["message"] == "no runtime of this host can be used"


def test_what_a_machine_gets_by_default_counts(engine: FakeEngine, web: Path, run: Run) -> None:
    """In the plan, in the host check, for doctor, and in what is shown."""
    engine.memory = 3 << 30
    (planned,) = run("--json", "--dry-run", "web").json["plans"]
    assert planned["memory"] == 3 << 30
    assert run("-q", "--cpus", "2", "web").status == 0
    (machine,) = document(run("--json", "show", "web-fake-1"))["instances"]
    assert machine["resources"] == {"memory": 3 << 30, "cpus": 2, "disk": None}
    shown = run("show", "web-fake-1").out
    assert "memory    3 GiB" in shown
    assert "cpus      2" in shown
    assert "web needs 3 GiB" in run("doctor", "web").err
    assert (
        run("--json", "--dry-run", "--memory", "1GiB", "web").json["plans"][0]["memory"] == 1 << 30
    )
    engine.memory = 1 << 50
    assert run("web").status == 7
    assert document(run("--json", "doctor", "web"))["fits"] == 0
