"""A Python program launches on Podman and Docker, as docs/python.md says."""

import os
import signal
from collections.abc import Iterator
from threading import Thread

import pytest

from abcd_run import Session
from abcd_run.concurrency.cancel import elsewhere
from abcd_run.errors import Interrupted, NoSuchInstance
from abcd_run.model import Stage
from abcd_run.session import Event
from abcd_run.testing.cli import http_status
from tests.engines_here import need, need_nothing_running
from tests.waiting import until

BOTH = ["podman", "docker"]
MINUTES = 120
"""Seconds in which engines certainly answer."""


@pytest.fixture(autouse=True)
def _engines() -> Iterator[None]:
    """Need both engines without instances: `stop_all` would stop the user's own."""
    need(*BOTH)
    need_nothing_running()
    with Session() as lab:
        yield
        lab.stop_all(BOTH)


def test_the_lines_as_they_stand(capfd: pytest.CaptureFixture[str]) -> None:
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    seen = []
    with Session() as lab:
        done = lab.launch("abcd4demo", on=["podman", "docker"], count=3)
        for seat in done.instances:
            seen.append((seat.name, seat.url("web"), seat.password))  # noqa: PERF401  (as they stand)
        assert "uid=" in lab.exec(done.instances[0].name, ["id"]).stdout
        assert {one.name for one in lab.instances(BOTH)} == {name for name, _, _ in seen}
        for _, url, password in seen:
            assert http_status(url, user="abcd", password=password)[0] == 200
        assert set(lab.stop_all(BOTH).names) == {name for name, _, _ in seen}
        assert len(lab.instances(BOTH)) == 0
    assert done.errors == ()
    assert {one.stage for one in done} == {Stage.READY}
    assert sorted(one.runtime for one in done) == ["docker"] * 3 + ["podman"] * 3
    assert len({password for _, _, password in seen}) == 6
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert capfd.readouterr() == ("", "")


def test_two_threads_on_one_session() -> None:
    with Session(ephemeral=True) as lab:
        both = [elsewhere(lambda on=on: lab.launch("abcd4demo", on=on, count=2)) for on in BOTH]  # type: ignore[misc]
        done = [one for answer in both for one in answer.result(MINUTES)]
        assert [one.runtime for one in done] == ["podman", "podman", "docker", "docker"]
        assert {one.stage for one in done} == {Stage.READY}
        lines = [elsewhere(lambda one=one: lab.exec(one, ["hostname"]).stdout) for one in done]  # type: ignore[misc]
        assert [line.result(MINUTES).strip() for line in lines] == [one.name for one in done]
    with Session() as lab:  # what the other one began is ended
        assert len(lab.instances(BOTH)) == 0


def test_a_launch_that_is_cancelled_leaves_nothing() -> None:
    stages = set[Stage | None]()

    def hear(event: Event) -> None:
        stages.add(event.stage)

    with Session(progress=hear) as lab:

        def cancel_when_it_runs() -> None:
            until(lambda: Stage.RUNNING in stages, within=MINUTES)
            lab.cancel()

        thread = Thread(target=cancel_when_it_runs)
        thread.start()
        with pytest.raises(Interrupted):
            lab.launch("abcd4demo", on=BOTH, count=2, set={"ready.console": "nobody prints this"})
        thread.join()
        assert len(lab.instances(BOTH)) == 0


def test_an_error_is_an_exception_with_a_remedy() -> None:
    with Session() as lab, pytest.raises(NoSuchInstance) as caught:
        lab.exec(f"nosuch-{os.getpid()}", ["id"])
    assert caught.value.remedy
