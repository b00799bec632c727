"""What a tab may tell, and what comes of nonsense."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from abcd_run.launch.readiness import look
from abcd_run.model import Instance, Stage
from abcd_run_browser import channel, words
from abcd_run_browser.channel import Broken, Channel, Console, Refused
from abcd_run_browser.runtime import BrowserRuntime
from tests.unit.tabs.tab import Tab, encoded
from tests.waiting import until


def now(runtime: BrowserRuntime) -> Instance:
    (one,) = runtime.instances()
    return one


def test_stages_as_the_tab_tells_them(tab: Tab, runtime: BrowserRuntime) -> None:
    assert look(now(runtime)).stage is Stage.REACHABLE
    assert now(runtime).state == "no tab shows it"
    assert tab.hello().status == 200
    tab.tells("booting", why="the kernel")
    assert (look(now(runtime)).stage, now(runtime).state) == (
        Stage.REACHABLE,
        "in a tab: booting, the kernel",
    )
    tab.tells("ready")
    assert look(now(runtime)).stage is Stage.READY


def test_a_second_tab_is_refused_until_it_takes_over(tab: Tab) -> None:
    other = Tab(tab.instance, word="f" * 16)
    assert [tab.hello().status, tab.hello().status, other.hello().status] == [200, 200, 409]
    assert other.tells("ready").status == 409
    assert other.work().status == 409
    assert other.hello(take=True).status == 200
    assert tab.tells("ready").status == 409
    assert other.tells("loading").status == 200


def test_a_silent_tab_loses_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "SILENCE_SECONDS", 0.05)
    one = Channel("demo")
    one.hello("a")
    with pytest.raises(Refused):
        one.hello("b")
    until(lambda: not one.shown(), within=5)
    one.hello("b")
    with pytest.raises(Refused):
        one.tell("a", "ready", "", b"")


def test_a_command_whose_tab_dies_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known whether the tab had begun it."""
    monkeypatch.setattr(channel, "SILENCE_SECONDS", 0.2)
    one = Channel("demo")
    one.hello("a")
    one.tell("a", "ready", "", b"")
    with ThreadPoolExecutor(1) as asker:
        begun = time.monotonic()
        asked = asker.submit(one.do, {"kind": "run"})
        with pytest.raises(Refused, match="no tab shows demo"):
            asked.result(5)
        one.hello("a")
        asked = asker.submit(one.do, {"kind": "run"})
        assert one.work("a")
        with pytest.raises(Broken, match="has gone amid the command"):
            asked.result(5)
    assert time.monotonic() - begun < 10


def test_a_job_that_did_not_reach_its_tab_comes_again() -> None:
    one = Channel("demo")
    one.hello("a")
    one.tell("a", "ready", "", b"")
    with ThreadPoolExecutor(1) as asker:
        asked = asker.submit(one.do, {"kind": "run"})
        job = one.work("a")
        assert job
        one.again(job)
        assert one.work("a") == job
        one.answer("a", job["id"], {"status": 0})
        assert asked.result(5) == {"status": 0}
        one.again(job)  # nobody waits for it any more
        assert not one._waiting


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"[" * 100_000,
        b'{"stage": "flying"}',
        b'{"stage": ["ready"]}',
        b'{"stage": {}, "why": 1}',
        b'{"stage": "ready", "why": 1}',
        b'{"stage": "ready", "console": 7}',
        b'{"stage": "ready", "console": "?!"}',
        b'{"stage": "ready", "console": "\xff"}',
    ],
)
def test_nonsense_is_refused_and_changes_nothing(
    tab: Tab, runtime: BrowserRuntime, body: bytes
) -> None:
    tab.hello()
    assert tab.post(f"/channel/told?tab={tab.word}", body).status == 400
    assert now(runtime).state == "in a tab: loading"
    assert tab.tells("ready").status == 200


@pytest.mark.parametrize("word", ["", "x" * 16, "0" * 15, "0" * 17, "../etc/passwd"])
def test_a_tab_goes_by_a_word_of_its_own(tab: Tab, word: str) -> None:
    assert tab.post("/channel/hello", {"tab": word}).status == 400


def test_too_much_is_not_even_read(tab: Tab) -> None:
    tab.hello()
    for path, most in (("told", words.TOLD_BYTES), ("hello", words.HELLO_BYTES)):
        much = json.dumps({"stage": "ready", "console": "A" * most}).encode()
        with suppress(ConnectionError):  # it hangs up while we still send
            assert tab.post(f"/channel/{path}?tab={tab.word}", much).status == 413
    assert tab.tells("ready").status == 200


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "0", "out": "", "err": ""},
        {"status": True, "out": "", "err": ""},
        {"status": 256, "out": "", "err": ""},
        {"status": 0, "out": 1, "err": ""},
        {"status": 0, "out": "", "err": "?"},
        {"png": 1},
    ],
)
def test_an_answer_has_its_shape(answer: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        words.answer(json.dumps(answer).encode())


def test_a_tabs_words_control_no_terminal(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    tab.tells("failed", why="\x1b[2Jgone\n" + "x" * 1000)
    state = now(runtime).state
    assert state.isprintable()
    assert len(state) < 400
    error = words.answer(json.dumps({"error": "\x1b]0;x\x07"}).encode())["error"]
    assert error.isprintable()


def test_the_console_is_kept_as_it_is_and_bounded(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    tab.tells("ready", b"one\r\n\x1b[31mtwo\n")
    printed = b"".join(runtime.logs(now(runtime), follow=False))
    assert printed == b"one\r\n\x1b[31mtwo\n"
    console = Console()
    for _ in range(40):
        console.add(b"x" * 100_000)
    assert len(console.kept) <= channel.CONSOLE_BYTES
    assert console.end == 4_000_000
    assert console.since(3_999_990) == b"x" * 10


def test_logs_follow_until_the_end(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    tab.tells("ready", b"one\n")
    pieces = runtime.logs(now(runtime), follow=True)
    assert next(pieces) == b"one\n"
    tab.tells("ready", b"two\n")
    assert next(pieces) == b"two\n"
    runtime.remove("demo-browser-1")
    assert list(pieces) == []


def test_when_the_machine_has_ended_so_does_the_server(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    tab.tells("ended", b"Power down\n")
    until(lambda: not now(runtime).running, within=10)
    one = now(runtime)
    assert (one.state, one.began) == ("ended", True)
    assert b"".join(runtime.logs(one, follow=False)) == b"Power down\n"
    again = runtime.start(one.runtime_id)
    assert (again.running, again.password) == (True, one.password)
    assert Tab(again).hello().status == 200


def test_answers_that_nobody_waits_for_are_dropped(tab: Tab) -> None:
    tab.hello()
    assert tab.answer("99", {"status": 0, "out": encoded(b"x"), "err": ""}).status == 200
