"""A launch: what is retried, what is undone, and what is left running."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from abcd_run.concurrency.cancel import Token
from abcd_run.errors import AbcdRunError, Interrupted, LaunchFailed, NameTaken, PortTaken
from abcd_run.images.catalogue import Catalogue
from abcd_run.launch import last_signs, readiness
from abcd_run.launch.launched import Launched, console_of
from abcd_run.launch.launcher import Launcher
from abcd_run.launch.progress import Silent
from abcd_run.limits import TEXT_BYTES
from abcd_run.model import Plan, Stage
from abcd_run.plan import image_word, planner
from abcd_run.plan.arguments import Publish
from abcd_run.plan.request import Request
from abcd_run.plugins import readiness_kinds
from abcd_run.plugins.fleet import Fleet
from abcd_run.testing.fake import FakeEngine, Held, fails

Planner = Callable[..., tuple[Plan, ...]]

NEVER = {"ready": {"console": "nobody prints this"}}


class Heard(Silent):
    """A display that remembers."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, Stage]] = []

    def stage(self, name: str, stage: Stage) -> None:
        self.stages.append((name, stage))


@pytest.fixture
def plans(fleet: Fleet, catalogue: Catalogue) -> Planner:
    def plans(image: str = "web", **wanted: Any) -> tuple[Plan, ...]:
        request = Request(image, on=wanted.pop("on", ("fake",)), **wanted)
        return planner.plan(request, image_word.resolve(request, catalogue), fleet).plans

    return plans


@pytest.fixture
def launcher(fleet: Fleet) -> Launcher:
    return Launcher(fleet, Heard(), Token())


def one_failure(launcher: Launcher, plans: tuple[Plan, ...]) -> AbcdRunError:
    done, failures = launcher.launch_all(plans)
    assert done == []
    (failure,) = failures
    assert (failure.runtime, failure.name) == ("fake", plans[0].name)
    return failure.error


def one_launched(launcher: Launcher, plans: tuple[Plan, ...]) -> Launched:
    done, failures = launcher.launch_all(plans)
    assert failures == []
    (launched,) = done
    return launched


def test_who_boots_for_long_gets_long_looks(
    launcher: Launcher, plans: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look(*_: object, seconds: float, **__: object) -> readiness_kinds.Answer:
        asked.append(seconds)
        return readiness_kinds.Answer(Stage.READY)

    monkeypatch.setattr(readiness, "look", look)
    new, old = plans(count=2)
    for plan in (new, replace(old, created="2026-01-01T00:00:00Z")):
        one_launched(launcher, (plan,))
    assert asked == [readiness.TRY_SECONDS, readiness.LONGEST_TRY_SECONDS]


def test_comes_to_every_stage(engine: FakeEngine, launcher: Launcher, plans: Planner) -> None:
    engine.late = 2
    launched = one_launched(launcher, plans())
    assert launched.stage is Stage.READY
    assert launched.late is None
    assert launched.ready_seconds is not None
    assert isinstance(launcher.progress, Heard)
    assert launcher.progress.stages == [("web-fake-1", stage) for stage in Stage]
    assert engine.held[launched.instance.runtime_id].image == "localhost/abcdic-web:latest"
    assert [call for call in engine.calls if call in ("provide", "create", "start", "remove")] == [
        "provide",
        "create",
        "start",
    ]


def test_without_waiting_it_only_runs(
    engine: FakeEngine, fleet: Fleet, launcher: Launcher, plans: Planner
) -> None:
    engine.page = 503
    launched = one_launched(Launcher(fleet, Silent(), Token(), wait=False), plans())
    assert (launched.stage, launched.ready_seconds) == (Stage.RUNNING, None)


@pytest.mark.parametrize("step", ["provide", "create", "start"])
@pytest.mark.parametrize("error", [LaunchFailed("no"), ValueError("a bug of the backend")])
def test_nothing_is_left_of_a_launch_that_fails(
    step: str, error: Exception, engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before[step] = fails(error)
    failure = one_failure(launcher, plans())
    assert str(error) in f"{failure.message} {failure.details}"
    assert engine.held == {}


def test_nothing_is_left_of_what_ends_by_itself(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.dies, engine.console = True, b"first\nlast words\n"
    error = one_failure(launcher, plans())
    assert isinstance(error, LaunchFailed)
    assert error.message == "web-fake-1 ended by itself (exited with status 1)"
    assert error.details.endswith("last words")
    assert engine.held == {}


def test_an_engine_that_breaks_during_the_wait(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    """An instance not proven to run is removed, whatever the error is."""
    engine.page = 503
    wanted = plans(timeout=20)
    engine.before["instances"] = fails(ValueError("gone mad"))
    assert "gone mad" in one_failure(launcher, wanted).details
    assert engine.held == {}


@pytest.mark.parametrize("step", ["create", "start"])
def test_an_undo_that_fails_does_not_hide_the_reason(
    step: str, engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before["start"] = fails(LaunchFailed("the reason"))
    engine.before["remove"] = fails(LaunchFailed("cannot remove it"))
    error = one_failure(launcher, plans())
    assert error.message == "the reason"
    assert "cannot remove it" in error.details


def someone_else(engine: FakeEngine, plan: Plan) -> Held:
    held = Held(plan, f"theirs-{plan.name}", "theirs", state="running")
    engine.held[held.runtime_id] = held
    return held


def test_a_name_that_somebody_was_quicker_with_is_chosen_again(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    (plan,) = plans()
    someone_else(engine, plan)
    launched = one_launched(launcher, (plan,))
    assert launched.instance.name == "web-fake-2"
    assert engine.held[launched.instance.runtime_id].plan.seed.hostname == "web-fake-2"


def test_a_name_of_the_users_choice_is_not(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    (plan,) = plans(name="mine")
    theirs = someone_else(engine, plan)
    error = one_failure(launcher, (plan,))
    assert isinstance(error, NameTaken)
    assert error.remedy == "abcd-run stop mine, or choose another --name"
    assert list(engine.held.values()) == [theirs]


def test_launches_at_the_same_moment_have_names_of_their_own(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    """Two launches that planned the same name both succeed."""
    done, failures = launcher.launch_all(plans() + plans() + plans())
    assert failures == []
    assert sorted(one.instance.name for one in done) == ["web-fake-1", "web-fake-2", "web-fake-3"]
    assert len({one.instance.password for one in done}) == 3


def test_a_port_that_somebody_was_quicker_with_is_chosen_again(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before["start"] = fails(PortTaken("taken"), times=2)
    assert one_launched(launcher, plans()).stage is Stage.READY
    assert engine.calls.count("start") == 3
    assert len(engine.held) == 1


def test_a_port_of_the_users_choice_is_not(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = one_failure(launcher, plans(publish=(Publish("web", port),)))
    assert isinstance(error, PortTaken)
    assert error.message == f"host port 127.0.0.1:{port} is already in use"
    assert (error.port, error.remedy) == (port, "--publish web for a free one")
    assert engine.calls.count("start") == 1
    assert engine.held == {}


@pytest.mark.parametrize("which", [None, 1])
def test_a_random_port_is_not_blamed_on_one_of_the_users_choice(
    which: int | None, engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    """Even if the engine does not say which port it was, and the user's port is free."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        free = trial.getsockname()[1]
    engine.before["start"] = fails(PortTaken("taken", port=which), times=2)
    launched = one_launched(launcher, plans(publish=(Publish("web", free),)))
    assert launched.instance.ports[8080] == ("127.0.0.1", free)
    assert engine.calls.count("start") == 3


def test_an_engine_that_does_not_say_which_port_is_taken(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before["start"] = fails(PortTaken("taken", details="by somebody"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = one_failure(launcher, plans(publish=(Publish("ssh", port),)))
    assert error.message == f"host port 127.0.0.1:{port} is already in use"
    assert error.remedy == "--publish ssh for a free one"
    assert "by somebody" in error.details


def test_the_tries_come_to_an_end(engine: FakeEngine, launcher: Launcher, plans: Planner) -> None:
    engine.before["start"] = fails(PortTaken("taken"))
    assert "tries" in one_failure(launcher, plans()).message
    assert engine.held == {}


@pytest.mark.parametrize(("page", "stage"), [(503, Stage.REACHABLE), (401, Stage.REACHABLE)])
def test_what_is_late_is_left_running(
    page: int, stage: Stage, engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.page = page
    done, failures = launcher.launch_all(plans(timeout=0.05))
    (launched,), (failure,) = done, failures
    assert (launched.stage, launched.ready_seconds) == (stage, None)
    assert failure.error is launched.late
    assert failure.error.status == 6
    assert failure.error.message == (
        f"web-fake-1 is not ready after 0.05 s; its last stage is {stage}"
    )
    assert f"HTTP status {page}" in failure.error.details
    assert "abcd-run wait web-fake-1" in failure.error.remedy
    assert engine.names() == ["web-fake-1"]


def test_the_console_tells_that_it_is_ready(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.console, engine.page = b"booting\nlogin: \n", 503
    launched = one_launched(launcher, plans(changes={"ready": {"console": "^log.n:"}}))
    assert launched.stage is Stage.READY


def test_root_of_the_host_is_refused(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.host_root = 0
    error = one_failure(launcher, plans())
    assert "root inside would be root of this host" in error.message
    assert "--rootful" in error.remedy
    assert engine.held == {}
    assert one_launched(launcher, plans(rootful=True)).instance.host_root == 0


def test_a_root_that_nobody_can_show_is_refused(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.host_root = None
    error = one_failure(launcher, plans())
    assert "cannot tell which user root inside is" in error.message
    assert "--rootful" in error.remedy
    assert engine.held == {}
    assert one_launched(launcher, plans(rootful=True)).instance.host_root is None


def test_of_one_that_has_ended_nothing_need_be_shown(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.host_root, engine.dies = None, True
    assert "ended by itself" in one_failure(launcher, plans()).message


def test_one_that_fails_neither_stops_nor_undoes_the_others(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before["create"] = fails(RuntimeError("a bug"), times=1)
    done, failures = launcher.launch_all(plans(count=3))
    assert len(done) == 2
    assert len(failures) == 1
    assert len(engine.held) == 2


@pytest.mark.parametrize("step", ["provide", "create", "start", "logs"])
def test_an_interrupt_undoes_all(
    step: str, engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before[step] = launcher.cancelled.set
    with pytest.raises(Interrupted):
        launcher.launch_all(plans(count=3, changes=NEVER))
    assert engine.held == {}


def test_an_interrupt_undoes_what_was_ready_already(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    ready, waiting = plans(), plans(changes=NEVER, name="waiting")

    def looked_at() -> None:
        if len(launcher.progress.stages) and (ready[0].name, Stage.READY) in (  # type: ignore[attr-defined]
            launcher.progress.stages  # type: ignore[attr-defined]
        ):
            launcher.cancelled.set()

    engine.before["logs"] = looked_at
    with pytest.raises(Interrupted):
        launcher.launch_all((*ready, *waiting))
    assert engine.held == {}


def test_an_interrupt_undoes_the_rest_where_one_undo_fails(
    engine: FakeEngine, launcher: Launcher, plans: Planner
) -> None:
    engine.before["logs"] = launcher.cancelled.set
    engine.before["remove"] = fails(LaunchFailed("cannot remove it"), times=1)
    with pytest.raises(Interrupted) as caught:
        launcher.launch_all(plans(count=3, changes=NEVER))
    assert len(engine.held) == 1
    assert "cannot remove it" in caught.value.details
    assert "abcd-run prune" in caught.value.remedy or "abcd-run stop" in caught.value.remedy


def test_of_a_long_console_the_end_is_kept() -> None:
    class Talks:
        def logs(self, instance: object, *, follow: bool) -> Iterator[bytes]:
            del instance, follow
            for _ in range(40):
                yield b"x" * (TEXT_BYTES // 16)
            yield b"login: "

    talks: Any = Talks()
    end = last_signs._end(console_of(talks, talks)())
    assert len(end) == TEXT_BYTES
    assert end.endswith(b"xlogin: ")
