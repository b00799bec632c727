"""`Session.verify` and the command, over fakes that say what a small system would."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run import Session
from abcd_run.errors import Interrupted, LaunchFailed, NotReady, ProfileError, UsageError
from abcd_run.host import xdg
from abcd_run.images.catalogue import Catalogue
from abcd_run.model import Instance
from abcd_run.oci.store import Store
from abcd_run.plan.target import Target
from abcd_run.session import Event, Verified, verifying
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, FakeRuntime, fails
from abcd_run.verify import interview
from abcd_run.verify.values import Outcome
from tests.unit.conftest import WEB
from tests.unit.oci.making import Tar, layout
from tests.unit.verify import canned

Run = Callable[..., Ended]
NAMES = ("podman", "docker", "lxd")


class Systems:
    """What the instances of fake engines say, by runtime; other commands run on the host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts = {name: canned.said() for name in NAMES}
        self.asked: list[tuple[str, str, str]] = []
        self.before: Callable[[str, str], None] = lambda _, __: None

    def line(self, runtime: FakeRuntime, command: Any, user: str) -> list[str]:
        name = canned.by_command().get(tuple(command), "")
        engine = runtime.engine.name
        self.asked.append((engine, name, user))
        self.before(engine, name)
        if not name:
            return ["/usr/bin/env", f"FAKE_ENGINE={engine}", *command]
        file = self.folder / f"{engine} {name}"
        file.write_text(self.texts[engine][name])
        return ["/bin/cat", str(file)]


@pytest.fixture
def systems(
    engines: Callable[..., list[FakeEngine]], write: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Systems:  # fmt: skip
    write("web", WEB)
    engines(*NAMES)
    systems = Systems(tmp_path)

    def line(self: FakeRuntime, _: object, command: Any, *, user: str, tty: bool) -> list[str]:
        return systems.line(self, command, user)

    monkeypatch.setattr(FakeRuntime, "exec_command", line)
    return systems


@pytest.fixture
def held() -> Callable[[], list[str]]:
    from abcd_run.testing.fake import ENGINES

    return lambda: [name for engine in ENGINES.values() for name in engine.names()]


def engine(name: str) -> FakeEngine:
    from abcd_run.testing.fake import ENGINES

    return ENGINES[name]


def verified(**wanted: Any) -> Verified:
    with Session() as lab:
        return lab.verify("web", **wanted)


def test_the_same_everywhere(systems: Systems, held: Callable[[], list[str]]) -> None:
    events: list[Event] = []
    with Session(progress=events.append) as lab:
        done = lab.verify("web")
    assert done.equal
    assert done.instances == {name: f"web-{name}-1" for name in NAMES}
    assert {one.outcome for one in done.checks} == {
        *(Outcome.EQUAL, Outcome.EXPECTED, Outcome.UNASKED)
    }
    assert (held(), done.kept) == ([], False)
    assert ("podman", "packages", "root") in systems.asked
    assert ("podman", "session user", "abcd") in systems.asked
    assert any(event.text.startswith("asking about packages") for event in events)
    assert done.notes == ()


@pytest.mark.parametrize("what", canned.PLANTED)
def test_what_is_planted_is_found(what: str, systems: Systems) -> None:
    systems.texts["docker"] = canned.said(but=what)
    done = verified(on=NAMES)
    assert not done.equal
    (one,) = done.differences
    assert one.name == canned.PLANTED[what][3]
    assert one.outcomes["docker"] is Outcome.DIFFERS


def test_pictures(systems: Systems, tmp_path: Path) -> None:
    for name in NAMES:
        engine(name).picture = canned.png()
    engine("lxd").picture = canned.png(canned.other_wallpaper)
    done = verified(pictures=tmp_path / "new" / "pictures")
    (one,) = done.differences
    assert one.name == "picture"
    assert "% differ from podman" in one.rows[0].values["lxd"]
    assert sorted(path.name for path in (tmp_path / "new" / "pictures").iterdir()) == [
        *("web-docker-1-difference.png", "web-docker-1.png", "web-lxd-1-difference.png"),
        *("web-lxd-1.png", "web-podman-1.png"),
    ]


def test_screens_of_two_sizes(systems: Systems) -> None:
    for name in NAMES[:2]:
        engine(name).picture = canned.png()
    engine("docker").picture = canned.png(size=(640, 480))
    done = verified(on=NAMES)
    assert [one.name for one in done.differences] == ["desktop size", "picture"]
    assert done.differences[0].rows[0].values == {"podman": "320x200", "docker": "640x480"}
    assert done.differences[0].outcomes["lxd"] is Outcome.UNASKED


def test_a_needle_and_goss_of_the_parent(systems: Systems, write: Callable[..., Path]) -> None:
    folder = write("parent", WEB + """
[[verify]]
needle = "needle.json"
[[verify]]
goss = "goss.yaml"
[[verify]]
name = "engine"
command = ["/bin/sh", "-c", "echo $FAKE_ENGINE"]
expected = "that is its name"
[[verify]]
name = "processes"
differs = ["mi*"]
expected = "it is cold"
""").parent  # fmt: skip
    write("web", 'parent = "parent"')
    area = {"type": "exclude", "xpos": 200, "ypos": 185, "width": 120, "height": 15}
    (folder / "needle.json").write_text(json.dumps({"area": [area]}))
    goss = "process:\n  miner: {running: false}\n  init: {running: true}"
    (folder / "goss.yaml").write_text(goss)
    for name in NAMES:
        engine(name).picture = canned.png(canned.clock(name * 4))
    systems.texts["lxd"] = canned.said(but="a process")
    done = verified()
    (one,) = done.differences
    assert one.name == "profile: goss.yaml"
    assert one.rows[0].wanted == "no"
    assert one.rows[0].values == {"podman": "no", "docker": "no", "lxd": "yes"}
    checks = {one.name: one for one in done.checks}
    assert checks["profile: engine"].outcome is Outcome.EXPECTED
    assert checks["processes"].rows[0].expected == "it is cold"
    assert checks["picture"].outcome is Outcome.EQUAL


TRUE = 'name = "x"\ncommand = ["true"]'


def test_a_profile_that_cannot_be_used_launches_nothing(
    systems: Systems, write: Callable[..., Path]
) -> None:
    for text, match in (
        ('goss = "none.yaml"', "none.yaml: cannot be read"),
        ('needle = "none.json"', "none.json: cannot be read"),
        (f"{TRUE}\n[[verify]]\n{TRUE}", "two checks are called 'x'"),
        ('name = "processs"\ndiffers = ["x"]\nexpected = "y"', "no check 'processs'"),
    ):
        write("web", f"{WEB}\n[[verify]]\n{text}")
        with pytest.raises(ProfileError, match=match):
            verified()
    assert "create" not in engine("podman").calls


def test_without_pillow_nothing_is_launched(
    systems: Systems, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine("lxd").picture = canned.png()
    monkeypatch.setitem(sys.modules, "PIL", None)
    done = verified()
    assert done.equal
    assert "pip install 'abcd-run[verify]'" in done.checks[-2].why["lxd"]
    write("web", f"{WEB}\n[screen]\ncommand = ['/bin/true']")
    created = engine("podman").calls.count("create")
    with pytest.raises(Exception, match="Pillow is needed"):
        verified()
    assert engine("podman").calls.count("create") == created


def test_a_launch_that_fails(systems: Systems, run: Run) -> None:
    engine("docker").before["create"] = fails(LaunchFailed("it is tired", remedy="wait"))
    ended = run("verify", "web", "--on", "podman,docker,lxd", "--json")
    assert ended.status == 1
    assert not ended.json["equal"]
    assert list(ended.json["instances"]) == ["podman", "lxd"]
    assert [error["message"] for error in ended.json["errors"]] == ["it is tired"]
    for name in ("podman", "lxd"):
        engine(name).before["create"] = fails(LaunchFailed("it is tired", remedy="wait"))
    assert run("verify", "web").status == LaunchFailed.status


def test_an_instance_that_is_late_is_asked_and_ended(
    systems: Systems, held: Callable[[], list[str]]
) -> None:
    engine("lxd").page = 503
    done = verified(timeout=0.3)
    assert {*done.instances} == {*NAMES}
    (failure,) = done.errors
    assert isinstance(failure.error, NotReady)
    assert failure.error.remedy.startswith("abcd-run verify --timeout")
    assert held() == []


def test_an_instance_that_cannot_be_asked(systems: Systems) -> None:
    def refuse(runtime: str, _: str) -> None:
        if runtime == "lxd":
            raise NotReady("it does not answer", remedy="wait")

    systems.before = refuse
    done = verified()
    assert not done.equal
    assert done.differences == ()
    (failure,) = done.errors
    assert (failure.runtime, failure.error.message) == ("lxd", "it does not answer")
    assert [one for one in systems.asked if one[0] == "lxd"] == [("lxd", "release", "root")]
    assert done.checks[0].outcomes["lxd"] is Outcome.UNASKED


def test_an_answer_without_end(systems: Systems, held: Callable[[], list[str]]) -> None:
    systems.texts["docker"]["release"] = "x" * (2 << 20)
    done = verified()
    (failure,) = done.errors
    assert (failure.runtime, failure.error.details) == ("docker", "it printed more than 1 MiB")
    assert held() == []


class Nothing:
    """No runtime is one of these."""


def test_a_runtime_that_runs_no_commands(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interview, "Executes", Nothing)
    done = verified()
    assert done.equal
    assert {one.outcome for one in done.checks} == {Outcome.UNASKED}
    assert "cannot run commands" in done.checks[0].why["podman"]


def test_one_alone(systems: Systems) -> None:
    done = verified(on="podman")
    assert done.equal
    assert done.notes[-1] == "it runs on podman only: there is nothing to compare it with"


def test_what_verify_decides_itself(systems: Systems) -> None:
    for wanted in ({"count": 2}, {"name": "x"}, {"command": ["true"]}):
        with pytest.raises(UsageError, match="verify launches one instance") as caught:
            verified(**wanted)
        assert caught.value.remedy == "abcd-run verify web"


def test_keep(systems: Systems, held: Callable[[], list[str]], run: Run) -> None:
    ended = run("verify", "--keep", "web")
    assert ended.status == 0, ended.err
    assert sorted(held()) == ["web-docker-1", "web-lxd-1", "web-podman-1"]
    assert "they still run: abcd-run stop web-podman-1 web-docker-1 web-lxd-1" in ended.out


def test_an_interrupt_ends_what_was_launched(
    systems: Systems, held: Callable[[], list[str]]
) -> None:
    def interrupt(runtime: str, question: str) -> None:
        if (runtime, question) == ("docker", "locale"):
            signal.raise_signal(signal.SIGINT)

    with Session() as lab:
        systems.before = lambda *_: lab.cancel()
        with pytest.raises(Interrupted):
            lab.verify("web")
        assert held() == []
        systems.before = interrupt
        with pytest.raises(KeyboardInterrupt):
            lab.verify("web")
        assert held() == []


def test_variants_from_the_store(home: Path, write: Callable[..., Path], tmp_path: Path) -> None:
    path = write("web", "[abcdic]\n[abcdik]\n")
    profile = Catalogue.usual().read(path)
    wanted = Target(profile, profile.variants)
    subjects = [subject("podman", "abcdic"), subject("vm", "abcdik")]
    tops, notes = verifying._uppers(subjects, wanted)
    assert (tops, len(notes)) == ({}, 1)
    assert "are not here" in notes[0]
    base = Tar().file("usr/bin/one").bytes()
    store = Store(xdg.store())
    for kind in ("abcdic", "abcdik"):
        made = layout(tmp_path / kind, base, Tar().file(f"etc/{kind}"))
        store.add(made, f"localhost/{kind}-web:latest")
    tops, notes = verifying._uppers(subjects, wanted)
    assert notes == ()
    assert tops["podman"].owns("/etc/abcdic")
    assert not tops["podman"].owns("/usr/bin/one")
    assert verifying._uppers(subjects[:1], wanted) == ({}, ())
    store.add(layout(tmp_path / "other", Tar().file("x")), "localhost/abcdik-web:latest")
    _, notes = verifying._uppers(subjects, wanted)
    assert "share no layer" in notes[0]


def subject(runtime: str, kind: str) -> interview.Subject:
    instance = Instance(f"web-{runtime}-1", runtime, "1", {}, running=True)
    return interview.Subject(FakeRuntime(FakeEngine()), instance, kind)


def test_what_people_read(systems: Systems, run: Run) -> None:
    systems.texts["lxd"] = canned.said(but="a hash")
    systems.texts["docker"]["context"] = "init \x1b]0;owned\x07"
    ended = run("verify", "web")
    assert ended.status == 1
    lines = ended.out.splitlines()
    assert lines[0].split() == [*NAMES]
    assert "base files          ✓       ✓       ✗\n" in ended.out
    at = lines.index("✗ base files")
    assert lines[at + 1 : at + 4] == [
        "  /usr/bin/one",
        "    podman, docker  mode 755, 0:0, 1200 bytes, sha256 c0ffee0000000000",
        "    lxd             mode 755, 0:0, 1200 bytes, sha256 ffffffffffffffff",
    ]
    assert "~ expected to differ" in ended.out
    assert "context: each upper layer has an init for its kind of context" in ended.out
    assert "? not asked" in ended.out
    assert lines[-1] == "web is not the same on podman, docker, lxd: base files"
    assert "\x1b" not in ended.out
    assert "owned" in ended.out


def test_the_document(systems: Systems, run: Run) -> None:
    systems.texts["lxd"] = canned.said(but="a user")
    ended = run("verify", "web", "--json", "--quiet")
    assert ended.status == 1
    assert set(ended.json) == {"image", "equal", "instances", "kept", "checks", "notes", "errors"}
    checks = {one["check"]: one for one in ended.json["checks"]}
    assert checks["users and groups"] == {
        "check": "users and groups",
        "outcome": "differs",
        "runtimes": {"podman": "equal", "docker": "equal", "lxd": "differs"},
        "differences": [
            {"what": "user eve", "values": {"lxd": "uid 9, gid 9, /, /bin/sh"}, "wanted": None}
        ],
        "expected": [],
        "more": 0,
        "unasked": {},
    }
    assert checks["picture"]["unasked"] == dict.fromkeys(NAMES, "it has no screen")
    assert checks["context"]["expected"][0]["reason"]


def test_colour_only_on_a_terminal(
    systems: Systems, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from abcd_run.report import streams

    assert "\x1b" not in run("verify", "web").out
    monkeypatch.setattr(streams, "_in_colour", lambda: True)
    assert "\x1b[32m✓\x1b[0m" in run("verify", "web").out
