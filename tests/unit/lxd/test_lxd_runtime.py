"""What the LXD runtime requests from LXD, and what it leaves alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from pylxd.exceptions import LXDAPIException, NotFound

from abcd_run.backend import record
from abcd_run.errors import NoRuntime
from abcd_run_lxd import translate
from abcd_run_lxd.runtime import LxdRuntime, _not_while_busy
from abcd_run_lxd.service import Server
from tests.unit.lxd.plans import config

HANGS, BREAKS, GONE = "hangs", "breaks", "gone"


def facts(name: str, *, owner: str = str(os.getuid())) -> dict[str, Any]:
    named = translate.LABEL + record.NAME
    told = {**config(), translate.OWNER: owner, named: name}
    return {"name": name, "status": "Stopped", "config": told, "devices": {}, "state": None}


class Lxd:
    """LXD's instances: each answers, hangs, fails or disappears when queried."""

    def __init__(self, *answering: str, **other: str) -> None:
        self.other, self.known = other, {name: facts(name) for name in (*answering, *other)}
        self.asked: list[str] = []
        self.api = self.instances = self

    def __getitem__(self, name: str) -> Any:
        return Mock(get=self._getting(name), delete=lambda: self.asked.append(f"delete {name}"))

    def _getting(self, name: str) -> Callable[..., Any]:
        def get(params: Any = None, timeout: float = 0) -> Any:
            self.asked.append(name)
            match self.other.get(name):
                case "hangs" if params and params["recursion"]:
                    raise requests.ReadTimeout("Read timed out.")
                case "breaks":
                    raise LXDAPIException(answer({"error": "cannot read its state"}))
                case "gone":
                    raise NotFound(answer({"error": "not found"}))
            return answer({"metadata": self.known[name]})

        return get

    def get(self, params: Any, timeout: float) -> Any:
        if params["recursion"] == 0:
            return answer({"metadata": [f"/1.0/instances/{name}?project=x" for name in self.known]})
        if HANGS in self.other.values():
            raise requests.ReadTimeout("Read timed out.")
        return answer({"metadata": list(self.known.values())})


def answer(body: Any) -> Any:
    return Mock(json=lambda: body, status_code=400)


def runtime(lxd: Any, monkeypatch: pytest.MonkeyPatch) -> LxdRuntime:
    monkeypatch.setattr("abcd_run_lxd.runtime.Client", lambda **_: lxd)
    return LxdRuntime(Server(Path("/nosuch")))


@pytest.mark.parametrize("how", [HANGS, BREAKS, GONE])
def test_one_that_is_stuck_hides_no_other(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lxd = Lxd("a", "b", c=how)
    lxd.known["theirs"] = facts("theirs", owner="4294967294")
    listed = runtime(lxd, monkeypatch).instances()
    assert [one.name for one in listed] == ["a", "b"]


def test_one_that_is_stuck_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """LXD returns its configuration after some time, and waits for its state forever."""
    (stuck,) = runtime(Lxd("a", c=HANGS), monkeypatch).instances("c")
    assert (stuck.name, stuck.state) == ("c", "stopped")


def test_an_lxd_that_is_down_is_no_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    lxd = Mock(**{"api.instances.get.side_effect": requests.ConnectionError("refused")})
    with pytest.raises(NoRuntime):
        runtime(lxd, monkeypatch).instances()


def test_what_was_given_to_somebody_else_meanwhile_is_not_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lxd = Lxd("a")
    lxd.known["a"] = facts("a", owner="4294967294")
    runtime(lxd, monkeypatch).remove("a")
    assert lxd.asked == ["a"]


def test_what_lxd_is_busy_with_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch ends before LXD's own start: a restart right after it is told to come again."""
    monkeypatch.setattr("abcd_run_lxd.runtime.BUSY_LOOK_SECONDS", 0)
    busy = 'Create restart operation: Instance is busy running a "start" operation'
    says = [busy, busy, ""]

    def act() -> None:
        if said := says.pop(0):
            raise LXDAPIException(answer({"error": said}))

    _not_while_busy(act)
    assert says == []
    says += ["Instance not found", ""]
    with pytest.raises(LXDAPIException, match="not found"):
        _not_while_busy(act)
    assert says == [""]
