"""The wall's pictures: taken rarely, and a few at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock

import pytest

from abcd_run.concurrency import cache
from abcd_run.errors import LaunchFailed
from abcd_run.launch.screen import PNG
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, fails
from abcd_run.wall import instances
from tests.unit.wall.browser import SECONDS, Serve, waits
from tests.waiting import until

Run = Callable[..., Ended]


def test_a_picture_is_taken_once_for_all(
    engine: FakeEngine, web: Path, run: Run, serve: Serve
) -> None:
    engine.picture = PNG + b"picture"
    assert run("web").status == 0
    browser = serve()
    assert browser.list()["instances"][0]["picture"] is True
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser.ask("screen/web-fake-1.png"), range(8)))
    assert {(one.status, one.body) for one in answers} == {(200, PNG + b"picture")}
    assert answers[0].headers["Content-Type"] == "image/png"
    assert engine.calls.count("screenshot") == 1
    assert browser.ask("screen/web-fake-1.png?on=fake").status == 200
    assert browser.ask("screen/web-fake-1.png?on=other").status == 404


def test_a_picture_grows_old(engine: FakeEngine, web: Path, run: Run, serve: Serve) -> None:
    engine.picture = PNG
    assert run("web").status == 0
    browser = serve(fresh=0)
    for _ in range(2):
        assert browser.ask("screen/web-fake-1.png").status == 200
    assert engine.calls.count("screenshot") == 2


def test_two_pictures_at_a_time(engine: FakeEngine, web: Path, run: Run, serve: Serve) -> None:
    engine.picture = PNG
    assert run("--count", "4", "web").status == 0
    lock, released, under_way = Lock(), Event(), []

    def draw() -> None:
        with lock:
            under_way.append(1)
        assert released.wait(SECONDS)

    engine.before["screenshot"] = draw
    browser = serve()
    tasks = browser.wall.seen._drawing._tasks
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(browser.ask, f"screen/web-fake-{n}.png") for n in (1, 2, 3, 4)]
        until(lambda: len(under_way) >= 2 and tasks.qsize() == 2)
        assert len(under_way) == 2
        released.set()
        assert [one.result().status for one in asked] == [200] * 4


def test_no_picture(
    engine: FakeEngine, web: Path, run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.picture = PNG
    assert run("web").status == 0
    browser = serve(fresh=0)
    engine.before["screenshot"] = fails(LaunchFailed("it is dark", details="no light"), times=1)
    answer = browser.ask("screen/web-fake-1.png")
    assert (answer.status, answer.body) == (503, b"it is dark\n")
    assert browser.ask("screen/nosuch.png").status == 404
    assert browser.ask("screen/web-fake-1").status == 404
    released = Event()
    engine.before["screenshot"] = waits(released)
    monkeypatch.setattr(instances, "PICTURE_SECONDS", 0.05)
    late = browser.ask("screen/web-fake-1.png")
    assert (late.status, late.body) == (503, b"no picture of web-fake-1's screen within 0.05 s\n")
    released.set()


def test_without_a_screen(engine: FakeEngine, web: Path, run: Run, serve: Serve) -> None:
    assert run("web").status == 0
    answer = serve().ask("screen/web-fake-1.png")
    assert (answer.status, answer.body) == (503, b"web-fake-1 has no screen\n")


def test_kept_is_made_anew_when_it_is_old() -> None:
    now, made = 0.0, iter(range(9))
    values = cache.Kept[int](2, clock=lambda: now)
    assert [values.get("a", lambda: next(made)) for _ in range(2)] == [0, 0]
    assert values.get("b", lambda: next(made)) == 1
    now = 1.9
    assert values.get("a", lambda: next(made)) == 0
    now = 2.0
    assert values.get("a", lambda: next(made)) == 2
    assert set(values._futures) == {"a"}
