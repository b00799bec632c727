"""The list of containers when one of them disappears between two requests."""

import os
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from podman.errors import NotFound

from abcd_run.backend import record
from abcd_run.backend.ownership import Marks
from abcd_run_podman.runtime import PodmanRuntime

NAMES = ("one-1", "gone-2", "other-3")


def _labels(name: str) -> dict[str, str]:
    return {record.MARK: "1", record.NAME: name}


def _line(name: str) -> Any:
    facts = {
        "Id": f"id-{name}", "Names": [name], "Labels": _labels(name), "State": "running",
        "ImageID": f"image-{name}",
    }  # fmt: skip
    return SimpleNamespace(attrs=facts)


def _get(key: str) -> Any:
    # Podman answers to any unique beginning of an id, too.
    name = next((one for one in NAMES if f"id-{one}".startswith(key) or one == key), "gone-2")
    if name == "gone-2":
        raise NotFound("no such container")
    facts = {
        "Id": f"id-{name}",
        "Name": name,
        "Image": f"image-{name}",
        "Config": {"Labels": _labels(name), "Env": ["ABCD_PASSWORD=x"]},
        "State": {"Running": True, "Status": "running", "Pid": os.getpid()},
        "NetworkSettings": {},
    }
    return SimpleNamespace(attrs=facts)


@pytest.fixture
def runtime() -> PodmanRuntime:
    runtime = PodmanRuntime(Mock(socket=None))
    client = Mock()
    client.containers.list.return_value = [_line(name) for name in NAMES]
    client.containers.get.side_effect = _get
    runtime._threads.client = client
    # The last one is of an image with its very labels: somebody ran that by hand.
    runtime._marks = Marks(lambda image: _labels("other-3") if image == "image-other-3" else {})
    return runtime


def test_one_that_goes_meanwhile_is_not_told_of(runtime: PodmanRuntime) -> None:
    assert [(one.name, one.password) for one in runtime.instances()] == [("one-1", "x")]


def test_the_list_asks_about_none(runtime: PodmanRuntime) -> None:
    assert [one.name for one in runtime.instances(detail=False)] == ["one-1", "gone-2"]
    runtime.client.containers.get.assert_not_called()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("key", "names"),
    [("one-1", ["one-1"]), ("id-one-1", ["one-1"]), ("id-on", []), ("gone-2", []), ("other-3", [])],
)
def test_one_is_meant_by_its_whole_name_or_id(
    runtime: PodmanRuntime, key: str, names: list[str]
) -> None:
    assert [one.name for one in runtime.instances(key)] == names
