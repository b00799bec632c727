"""A runtime where nobody inside is root: what its user cannot see is not asked."""

from collections.abc import Callable

import pytest

from abcd_run.session import Verified
from abcd_run.testing.cli import Ended
from abcd_run.verify import ordinary
from abcd_run.verify.agenda import Agenda
from abcd_run.verify.ask import Said
from abcd_run.verify.checks import HASH_FILES, LIST_FILES, PORTS
from abcd_run.verify.goss import Resource
from abcd_run.verify.inquiry import Judge
from abcd_run.verify.interview import Interview
from abcd_run.verify.judge import UNREADABLE, question
from abcd_run.verify.values import Checked, Outcome
from tests.unit.verify import canned
from tests.unit.verify.test_verify import Systems, engine, systems, verified

__all__ = ["systems"]

WHY = "its only user may not read it"
SHUT = "d 700 0:0 /etc/ssl/private\n"
SECRET = "f 640 0:42 7 /etc/sudoers\n"
HASHED = f"{'e' * 64}  /etc/sudoers\n{'a' * 64}  /etc/ssl/private/key\n"


@pytest.fixture
def pod(systems: Systems) -> dict[str, str]:
    """What lxd says, where nobody is root; the others know more."""
    engine("lxd").one_user = WHY
    for texts in systems.texts.values():
        texts["files"] += SHUT + SECRET
        texts["root's processes"] = "init\ndropbear\n"
    for on in ("podman", "docker"):
        systems.texts[on]["files"] += "f 600 0:0 3 /etc/ssl/private/key\n"
        systems.texts[on]["hashes"] += HASHED
    there = systems.texts["lxd"]
    there[PORTS] = there[PORTS].replace("00000000:0016\n", "")
    there["processes"] = "init\nhttpd\n"
    return there


def check(done: Verified, name: str) -> Checked:
    return next(one for one in done.checks if one.name == name)


def test_what_only_root_sees_does_not_differ(pod: dict[str, str], systems: Systems) -> None:
    done = verified()
    assert done.equal, done.differences
    files = check(done, "base files")
    assert files.outcomes["lxd"] is Outcome.EQUAL
    assert files.why == {"lxd": f"/etc/ssl/private/key, /etc/sudoers: {WHY}"}
    assert {user for on, name, user in systems.asked if on == "lxd" and name} == {"abcd"}
    assert ("podman", "root's processes", "root") in systems.asked
    assert [on for on, name, _ in systems.asked if name == "root's processes"].count("lxd") == 0


def test_what_must_differ_has_its_reason(pod: dict[str, str]) -> None:
    pod["session user"] = pod["session user"].replace("uid 1000", "uid 1007")
    done = verified()
    assert done.equal
    for name, what, reason in (
        (PORTS, "22", ordinary.NO_PORT),
        ("processes", "dropbear", ordinary.NO_PROCESS),
        ("session user", "uid", ordinary.OWN_NUMBER),
    ):
        one = check(done, name)
        assert one.outcomes["lxd"] is Outcome.EXPECTED
        assert [(row.what, row.expected) for row in one.rows] == [(what, reason)]


@pytest.mark.parametrize(
    ("question", "old", "new", "name"),
    [
        ("files", SECRET, SECRET.replace("640", "644"), "base files"),
        ("files", "f 644 0:0 3 /etc/two words\n", "", "base files"),
        ("files", SHUT, SHUT.replace("700 0:0", "700 1000:1000"), "base files"),
        ("hashes", canned.HASH, "f" * 64, "base files"),
        (PORTS, ":1F90\n", ":1F91\n", PORTS),
        ("processes", "httpd\n", "", "processes"),
        ("processes", "httpd\n", "httpd\nminer\n", "processes"),
        ("session user", "name abcd", "name eve", "session user"),
    ],
)
def test_what_differs_all_the_same_is_found(
    question: str, old: str, new: str, name: str, pod: dict[str, str]
) -> None:
    assert old in pod[question]
    pod[question] = pod[question].replace(old, new)
    assert [one.name for one in verified().differences] == [name]


def test_a_port_that_root_lacks_elsewhere_differs(pod: dict[str, str], systems: Systems) -> None:
    systems.texts["docker"][PORTS] = pod[PORTS]
    assert [one.name for one in verified().differences] == [PORTS]


def test_a_word_of_an_instance_hides_nothing(pod: dict[str, str], systems: Systems) -> None:
    systems.texts["docker"]["keyboard"] = "seed not asked\n"
    assert [one.name for one in verified().differences] == ["keyboard"]


def test_it_is_told_in_table_and_json(pod: dict[str, str], run: Callable[..., Ended]) -> None:
    ended = run("verify", "web")
    assert ended.status == 0
    assert f"base files on lxd: /etc/ssl/private/key, /etc/sudoers: {WHY}" in ended.out
    told = {one["check"]: one for one in run("verify", "web", "--json").json["checks"]}
    assert told["base files"]["unasked"] == {"lxd": f"/etc/ssl/private/key, /etc/sudoers: {WHY}"}
    assert told["base files"]["outcome"] == "equal"


def test_demands_that_only_root_can_answer() -> None:
    resources = (
        Resource("file", "/etc/sudoers", {"exists": True, "contents": ("root",), "mode": "0440"}),
        Resource("file", "/etc/motd", {"contents": ("hello",)}),
        Resource("port", "tcp:22", {"listening": True}),
        Resource("port", "tcp:8080", {"listening": True}),
        Resource("command", "id -u", {"stdout": ("0",)}),
    )
    names = [question(one).name for one in resources]
    said = {
        names[0]: Said(0, ("mode 0440", UNREADABLE)),
        names[1]: Said(0, ("mode 0644",)),
    }
    answer = ordinary.of_demands(resources, said, {}, why=WHY)
    assert answer.unseen == {
        "file /etc/sudoers: contents root", "port tcp:22: listening", "command id -u: stdout 0",
    }  # fmt: skip


def test_a_file_of_each_instances_own_may_be_unreadable() -> None:
    """What is written at start is not compared: that it could not be hashed is no difference."""
    own, same = "f 640 0:42 9 /etc/shadow", "f 644 0:0 3 /etc/motd"
    hashed = f"{'a' * 64}  /etc/motd"
    said = {
        "podman": {LIST_FILES.name: (own, same), HASH_FILES.name: (hashed,)},
        "lxd": {LIST_FILES.name: (own, same), HASH_FILES.name: (hashed,)},
    }
    asked = {
        on: Interview({name: Said(0, lines) for name, lines in texts.items()})
        for on, texts in said.items()
    }
    asked["lxd"].one_user = WHY
    asked["lxd"].said[HASH_FILES.name] = Said(1, (hashed,))
    told = {one.name: one for one in Judge(Agenda(), {}).all(asked)}
    assert set(told["base files"].outcomes.values()) == {Outcome.EQUAL}
    assert told["base files"].rows == ()
