"""Comparing answers: everything planted is found, and nothing else."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.host.bounded_output import Printed
from abcd_run.model import Kind, Service
from abcd_run.verify import expected
from abcd_run.verify.agenda import Agenda
from abcd_run.verify.ask import said
from abcd_run.verify.compare import ROWS, compare, listed
from abcd_run.verify.expected import Allowed
from abcd_run.verify.inquiry import Judge
from abcd_run.verify.interview import Interview
from abcd_run.verify.layers import Upper
from abcd_run.verify.picture import decoded
from abcd_run.verify.values import Answer, Checked, Outcome, Row
from tests.unit.fuzzing import examples
from tests.unit.verify import canned


def interview(texts: Mapping[str, str], picture: bytes | None = None) -> Interview:
    """Return what an instance said that prints these texts."""
    done = Interview({name: said(Printed(0, text.encode(), b"")) for name, text in texts.items()})
    if picture:
        done.picture = decoded(picture, "one")
    else:
        done.why["picture"] = "it has no screen"
    return done


def judged(
    *said: Interview, agenda: Agenda | None = None, uppers: Mapping[str, Upper] | None = None
) -> dict[str, Checked]:
    names = ("podman", "docker", "lxd", "libvirt")
    checks = Judge(agenda or Agenda(), uppers or {}).all(dict(zip(names, said, strict=False)))
    return {one.name: one for one in checks}


def differing(checks: Mapping[str, Checked]) -> list[str]:
    return [one.name for one in checks.values() if one.outcome is Outcome.DIFFERS]


def test_the_same_everywhere() -> None:
    checks = judged(*[interview(canned.said(), canned.png()) for _ in range(4)])
    assert differing(checks) == []
    assert {one.outcome for name, one in checks.items() if name != "context"} == {Outcome.EQUAL}
    assert checks["context"].outcome is Outcome.EXPECTED


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("what", canned.PLANTED)
def test_what_is_planted_is_found(what: str, place: int) -> None:
    said = [canned.said(but=what if at == place else "") for at in range(4)]
    checks = judged(*[interview(texts, canned.png()) for texts in said])
    check = canned.PLANTED[what][3]
    assert differing(checks) == [check]
    odd = [on for on, outcome in checks[check].outcomes.items() if outcome is Outcome.DIFFERS]
    assert odd == [("podman", "docker", "lxd", "libvirt")[place]]
    assert len(checks[check].rows) == 1


@pytest.mark.parametrize("place", range(3))
def test_another_wallpaper_is_found(place: int) -> None:
    draws = [canned.other_wallpaper if at == place else canned.clock("") for at in range(3)]
    checks = judged(*[interview(canned.said(), canned.png(draw)) for draw in draws])
    assert differing(checks) == ["picture"]
    (row,) = checks["picture"].rows
    name = ("podman", "docker", "lxd")[place]
    assert "% differ from" in row.values[name]
    assert checks["picture"].outcomes[name] is Outcome.DIFFERS


def test_of_two_the_first_is_the_reference() -> None:
    one = compare("x", {"a": Answer({"k": "1"}), "b": Answer({"k": "2"})})
    assert one.outcomes == {"a": Outcome.EQUAL, "b": Outcome.DIFFERS}
    assert one.rows == (Row("k", {"a": "1", "b": "2"}),)


def test_what_most_lack_is_odd() -> None:
    answers = {"a": Answer({"k": "1"}), "b": Answer(), "c": Answer()}
    assert compare("x", answers).outcomes["a"] is Outcome.DIFFERS


def test_who_was_not_asked_differs_from_nobody() -> None:
    two = {"a": Answer({"k": "1"}), "c": Answer({"k": "1"})}
    one = compare("x", {**two, "b": Answer(why="no screen")})
    assert one.outcomes == {"a": Outcome.EQUAL, "c": Outcome.EQUAL, "b": Outcome.UNASKED}
    assert (one.outcome, one.why) == (Outcome.UNASKED, {"b": "no screen"})


def test_one_alone_is_not_compared() -> None:
    one = compare("x", {"a": Answer({"k": "1"}), "b": Answer(why="no screen")})
    assert set(one.outcomes.values()) == {Outcome.UNASKED}
    assert one.why == {"a": "there is no other to compare it with", "b": "no screen"}
    assert compare("x", {}).outcome is Outcome.UNASKED


def test_nothing_anywhere_is_not_equal() -> None:
    one = compare("x", {"a": Answer(), "b": Answer(), "c": Answer(why="no")})
    nothing = "the image has nothing of this"
    assert one.why == {"a": nothing, "b": nothing, "c": "no"}
    assert compare("x", {"a": Answer(), "b": Answer({"k": ""})}).outcome is Outcome.DIFFERS


def test_what_fails_everywhere_is_not_equal() -> None:
    fails = Answer({"exit status": "127: not found", "line 1": "x"})
    one = compare("x", {"a": fails, "b": fails})
    assert one.why == dict.fromkeys("ab", "it fails everywhere: 127: not found")
    assert compare("x", {"a": fails, "b": Answer({"line 1": "x"})}).outcome is Outcome.DIFFERS
    assert compare("x", {"a": fails, "b": fails}, wanted=fails.facts).outcome is Outcome.EQUAL


def test_what_is_demanded_counts_even_if_all_agree() -> None:
    same = {"a": Answer({"k": "1"}), "b": Answer({"k": "1"})}
    assert compare("x", same, wanted={"k": "1"}).outcome is Outcome.EQUAL
    one = compare("x", same, wanted={"k": "2"}, explain=lambda _: "a reason does not help")
    assert one.outcomes == {"a": Outcome.DIFFERS, "b": Outcome.DIFFERS}
    assert compare("x", {"a": Answer()}, wanted={"k": "2"}).outcome is Outcome.DIFFERS


def test_a_reason_makes_it_expected() -> None:
    answers = {"a": Answer({"k": "1", "j": "1"}), "b": Answer({"k": "2", "j": "2"})}
    explained = compare("x", answers, explain=lambda row: "why not" if row.what == "k" else "")
    assert explained.outcome is Outcome.DIFFERS
    assert [(row.what, row.expected) for row in explained.rows] == [("j", ""), ("k", "why not")]
    assert compare("x", answers, explain=lambda _: "why not").outcome is Outcome.EXPECTED


def test_rows_without_end() -> None:
    answers = {"a": Answer({str(at): "1" for at in range(ROWS + 7)}), "b": Answer()}
    one = compare("x", answers)
    assert (len(one.rows), one.more) == (ROWS, 7)


def test_what_must_differ_is_listed_even_if_it_does_not() -> None:
    one = listed("context", {"a": Answer({"init": "init"}), "b": Answer(why="no")}, {"init": "so"})
    assert one.rows == (Row("init", {"a": "init"}, None, "so"),)
    assert one.outcomes == {"a": Outcome.EXPECTED, "b": Outcome.UNASKED}


@examples(100)
@given(st.lists(st.dictionaries(st.text(), st.text(), max_size=4), max_size=4))
def test_equal_answers_and_no_others_are_equal(answers: list[dict[str, str]]) -> None:
    one = compare("x", {str(at): Answer(facts) for at, facts in enumerate(answers)})
    same = all(facts == answers[0] for facts in answers)
    assert (one.outcome is Outcome.DIFFERS) == (not same)
    assert bool(one.rows) == (not same)


# What may differ

CONTAINER = Upper(
    frozenset({"/usr/sbin/nginx"}), programs=frozenset({"nginx"}), packages={"nginx": "1"}
)
MACHINE = Upper(
    frozenset({"/etc/old"}), frozenset({"/etc/old"}), packages={"xorg": "7", "base": "1"}
)
TOPS = {"podman": CONTAINER, "docker": MACHINE}


def test_ports_of_one_variant() -> None:
    services = (Service("desktop", 10000, kind=Kind.CONTAINER), Service("ssh", 22))
    assert "desktop" in expected.of_ports(Row("10000", {"a": "x"}), services)
    assert expected.of_ports(Row("22", {"a": "x"}), services) == ""
    assert expected.of_ports(Row("1000", {"a": "x"}), services) == ""


@pytest.mark.parametrize(
    ("name", "having", "may"),
    [
        ("nginx", ["podman"], True),
        ("nginx", ["docker"], False),
        ("nginx", ["podman", "docker"], False),
        ("getty", ["docker"], True),
        ("systemd-udevd", ["docker"], True),
        ("miner", ["podman"], False),
        ("nginx", ["lxd"], False),
    ],
)
def test_processes_of_one_variant(name: str, having: list[str], may: bool) -> None:
    row = Row(name, dict.fromkeys(having, "yes"))
    assert bool(expected.of_processes(row, TOPS)) == may


@pytest.mark.parametrize(
    ("name", "values", "may"),
    [
        ("nginx", {"podman": "1"}, True),
        ("nginx", {"podman": "2"}, False),
        ("nginx", {"docker": "1"}, False),
        ("xorg", {"docker": "7"}, True),
        ("xorg", {}, False),
        ("cowsay", {"podman": "1"}, False),
    ],
)
def test_packages_of_one_variant(name: str, values: dict[str, str], may: bool) -> None:
    assert bool(expected.of_packages(Row(name, values), TOPS)) == may
    assert expected.of_packages(Row(name, values), {**TOPS, "podman": Upper()}) == ""
    assert expected.of_packages(Row(name, values), {}) == ""


def test_files_of_the_base() -> None:
    facts = dict.fromkeys(
        ["/usr/sbin/nginx", "/usr/sbin/nginx2", "/etc/old/x", "/etc/older", "/etc/shadow-"], "x"
    )
    assert [*expected.of_files(facts, TOPS.values())] == ["/usr/sbin/nginx2", "/etc/older"]


def test_what_a_profile_allows() -> None:
    texts = [canned.said(), canned.said(but="a mode"), canned.said(but="a process")]
    allowed = (
        Allowed("base files", "/usr/bin/*", "set at the start"),
        Allowed("processes", "m[i]ner", "warms the room"),
    )
    checks = judged(*map(interview, texts), agenda=Agenda(allowed=allowed))
    assert differing(checks) == []
    assert checks["base files"].rows[0].expected == "set at the start"
    wrong = (Allowed("processes", "/usr/bin/*", "another check"),)
    checks = judged(*map(interview, texts), agenda=Agenda(allowed=wrong))
    assert differing(checks) == ["processes", "base files"]
