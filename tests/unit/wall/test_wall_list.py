"""The wall's list: what it shows, and how rarely it asks."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from abcd_run.errors import NoRuntime
from abcd_run.launch.launched import measured
from abcd_run.plugins import fleet as fleets
from abcd_run.plugins.fleet import Fleet
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, fails
from tests.unit.wall.browser import SECONDS, Serve, password, waits

Engines = Callable[..., list[FakeEngine]]
Run = Callable[..., Ended]


@pytest.mark.parametrize(
    ("file", "kind"),
    [("", "text/html"), ("wall.css", "text/css"), ("wall.js", "text/javascript"),
     ("tab.css", "text/css"), ("tab.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)  # fmt: skip
def test_the_page_is_all_here(file: str, kind: str, engine: FakeEngine, serve: Serve) -> None:
    answer = serve().ask(file)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, kind)
    text = answer.body.decode().replace("http://www.w3.org/2000/svg", "")
    assert "://" not in text
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=|innerHTML", text)


def test_the_list_is_that_of_ps_without_passwords(
    engine: FakeEngine, web: Path, run: Run, serve: Serve
) -> None:
    (listed,) = run("--json", "web").json["instances"]
    answer = serve().ask("instances.json")
    assert password(engine) not in answer.body.decode()
    (one,) = answer.json["instances"]
    assert one.pop("picture") is False
    assert one.pop("opens") == listed["endpoints"][0]
    assert (one.pop("tab"), one.pop("viewer")) == (False, False)
    assert listed.pop("password") == password(engine)
    assert one == {**listed, "ready_seconds": None}
    assert answer.json["errors"] == []


def test_many_browsers_are_one_question(
    engine: FakeEngine, web: Path, run: Run, serve: Serve
) -> None:
    assert run("web").status == 0
    before = engine.calls.count("instances")
    browser = serve()
    with ThreadPoolExecutor(8) as pool:
        lists = list(pool.map(lambda _: browser.list(), range(8)))
    assert all(answer == lists[0] for answer in lists)
    assert engine.calls.count("instances") == before + 1


def test_what_comes_and_goes_is_seen(engine: FakeEngine, web: Path, run: Run, serve: Serve) -> None:
    browser = serve(fresh=0)
    assert browser.list()["instances"] == []
    assert run("web").status == 0
    assert [one["name"] for one in browser.list()["instances"]] == ["web-fake-1"]
    assert run("stop", "web-fake-1").status == 0
    assert browser.list()["instances"] == []


def test_a_runtime_that_is_down_is_a_note(
    engines: Engines, web: Path, run: Run, serve: Any
) -> None:
    _, down = engines("well", "down")
    assert run("--on", "well", "web").status == 0
    down.before["instances"] = fails(NoRuntime("its daemon is down", remedy="start it"), times=1)
    browser = serve(fresh=0)
    answer = browser.list()
    assert [one["name"] for one in answer["instances"]] == ["web-well-1"]
    (error,) = answer["errors"]
    assert (error["runtime"], error["message"]) == ("down", "its daemon is down")
    assert browser.list()["errors"] == []


def test_a_runtime_that_could_not_be_opened_is_tried_again(engine: FakeEngine, serve: Any) -> None:
    engine.before["open"] = fails(NoRuntime("not yet"), times=1)
    browser = serve(fresh=0)
    assert [error["code"] for error in browser.list()["errors"]] == [3]
    assert browser.list()["errors"] == []


def test_a_runtime_that_hangs_is_a_note_and_is_not_asked_again(
    engine: FakeEngine, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleets, "ASK_SECONDS", 0.05)
    released = Event()
    engine.before["instances"] = waits(released)
    browser = serve(fresh=0)
    for _ in range(3):
        (error,) = browser.list()["errors"]
        assert "no answer within" in error["message"]
    assert engine.calls.count("instances") == 1
    released.set()
    monkeypatch.setattr(fleets, "ASK_SECONDS", SECONDS)
    assert browser.list()["errors"] == []
    assert engine.calls.count("instances") == 2


def test_a_stage_is_measured(fleet: Fleet, web: Path, run: Run) -> None:
    assert run("web").status == 0
    (one,) = fleet.instances()[0]
    assert str(measured(fleet.runtime("fake"), one).stage) == "ready"
