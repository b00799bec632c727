"""The list of containers when one of them does not answer."""

from typing import Any
from unittest.mock import Mock

import pytest
import requests

from abcd_run.backend import record
from abcd_run.backend.ownership import Marks
from abcd_run.model import SILENT, Instance
from abcd_run_docker.instances import DockerContainers

NAMES = ("fast-1", "stuck-2", "fast-3", "gone-4")


def _line(name: str) -> dict[str, Any]:
    labels = {record.MARK: "1", record.NAME: name}
    return {
        "Id": f"id-{name}", "Names": [f"/{name}"], "Labels": labels, "State": "running",
        "ImageID": "sha256:1",
    }  # fmt: skip


def _reads(facts: Any) -> Instance:
    labels = {record.MARK: "1", record.NAME: facts["Name"]}
    return Instance(facts["Name"], "docker", f"id-{facts['Name']}", labels, running=True)


def _answer(url: str, *, timeout: float) -> Mock:
    key = url.split("/")[-2]
    name = key.removeprefix("id-")
    if name.startswith("stuck"):
        raise requests.ReadTimeout(f"no answer within {timeout}")
    answer = requests.Response()
    answer.status_code = 200 if name.startswith("fast") else 404
    answer._content = b'{"Name": "%s", "Image": "sha256:1", "message": "none"}' % name.encode()
    return answer  # type: ignore[return-value]


@pytest.fixture
def containers() -> DockerContainers:
    api = Mock(base_url="http+docker://localhost", api_version="1.41")
    api.containers.return_value = [_line(name) for name in NAMES]
    api.get.side_effect = _answer
    return DockerContainers(Marks(lambda _image: {}), _reads, api)


def test_one_that_hangs_hides_no_other(containers: DockerContainers) -> None:
    told = {one.name: one for one in containers.each()}
    assert list(told) == ["fast-1", "stuck-2", "fast-3"]
    assert [one.silent for one in told.values()] == [False, True, False]
    assert told["stuck-2"].state == SILENT


@pytest.mark.parametrize("key", ["stuck-2", "id-stuck-2"])
def test_one_that_hangs_can_be_named(containers: DockerContainers, key: str) -> None:
    (told,) = containers.called(key)
    assert (told.name, told.silent) == ("stuck-2", True)


def test_one_that_is_gone_is_not_told_of(containers: DockerContainers) -> None:
    assert containers.called("gone-4") == []
    assert containers.called("stuck") == []
