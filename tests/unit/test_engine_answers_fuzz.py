"""Whatever an engine answers: instances or an error of ours, no traceback."""

import os
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

from hypothesis import example, given
from hypothesis import strategies as st

from abcd_run.backend import record
from abcd_run.backend.ownership import Marks
from abcd_run.errors import AbcdRunError
from abcd_run.launch.launched import Launched
from abcd_run.model import Stage
from abcd_run.report import for_scripts
from abcd_run.runtime import Runtime
from abcd_run_docker.runtime import DockerRuntime
from abcd_run_docker.service import Daemon
from abcd_run_lxd import translate
from abcd_run_lxd.runtime import LxdRuntime
from abcd_run_podman.runtime import PodmanRuntime
from tests.unit.fuzzing import JSON, changed, examples, spots
from tests.unit.lxd.plans import config
from tests.unit.plans import CONTAINER

LABELS = {**record.labels(CONTAINER)}
INSPECTED = {
    "Id": "0" * 64,
    "Name": "/demo-1",
    "Image": "sha256:1",
    "Config": {"Labels": LABELS, "Env": ["ABCD_PASSWORD=x", "A"]},
    "State": {"Running": True, "Status": "running", "Pid": os.getpid(), "ExitCode": 0},
    "NetworkSettings": {"Ports": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "4040"}]}},
}
LISTED = {
    "Id": "0" * 64, "Names": ["/demo-1"], "ImageID": "sha256:1", "Labels": LABELS,
    "State": "running",
}  # fmt: skip
OF_LXD = {
    "name": "demo-1",
    "status": "Running",
    "config": {
        **config(),
        translate.OWNER: str(os.getuid()),
        translate.LABEL + record.NAME: "demo-1",
        "volatile.idmap.current": '[{"Isuid":true,"Hostid":100000,"Nsid":0}]',
    },
    "devices": {"web": {"type": "proxy", "listen": "tcp:127.0.0.1:1", "connect": "tcp:0.0.0.0:2"}},
    "state": {
        "pid": 1,
        "network": {
            "eth0": {"addresses": [{"family": "inet", "scope": "global", "address": "10.0.0.2"}]}
        },
    },
}


def told(error: AbcdRunError) -> None:
    assert error.message
    assert error.remedy


def asked(runtime: Runtime, *names: str) -> None:
    """Do what `ps`, `show` and `stop` do with what a runtime tells."""
    for only in ("", *names):
        for detail in (True, False):
            try:
                for one in runtime.instances(only, detail=detail):
                    for_scripts.document([Launched(one, Stage.RUNNING, 0)], [])
            except AbcdRunError as error:
                told(error)


@examples(150)
@given(st.sampled_from(spots(INSPECTED)), JSON)
@example(("NetworkSettings", "Ports"), {"80/tcp": [{}]})
@example(("State",), None)
@example(("NetworkSettings", "Ports", "8080/tcp", 0, "HostIp"), 5)
def test_docker_inspects(spot: tuple[Any, ...], new: Any) -> None:
    runtime: Any = DockerRuntime(Daemon("unix:///nosuch"))
    answer = Mock(status_code=200, json=lambda: changed(INSPECTED, spot, new))
    runtime._client = Mock()
    runtime._client.api.containers.return_value = [LISTED]
    runtime._client.api.get.return_value = answer
    runtime._marks = Marks(lambda _: {})
    asked(runtime, "demo-1")


@examples(150)
@given(st.sampled_from(spots(LISTED)), JSON)
def test_docker_lists(spot: tuple[Any, ...], new: Any) -> None:
    runtime: Any = DockerRuntime(Daemon("unix:///nosuch"))
    runtime._client = Mock()
    runtime._client.api.containers.return_value = [changed(LISTED, spot, new)]
    runtime._client.api.get.return_value = Mock(status_code=200, json=lambda: INSPECTED)
    runtime._marks = Marks(lambda _: {})
    asked(runtime)


@examples(150)
@given(st.sampled_from(spots(INSPECTED)), JSON)
def test_podman_inspects(spot: tuple[Any, ...], new: Any) -> None:
    runtime: Any = PodmanRuntime(Mock(socket=None))
    answer = SimpleNamespace(attrs=changed(INSPECTED, spot, new))
    runtime._threads.client = Mock()
    runtime._threads.client.containers.list.return_value = [SimpleNamespace(attrs=LISTED)]
    runtime._threads.client.containers.get.return_value = answer
    runtime._marks = Marks(lambda _: {})
    asked(runtime, "demo-1")


@examples(150)
@given(st.sampled_from(spots(LISTED)), JSON)
def test_podman_lists(spot: tuple[Any, ...], new: Any) -> None:
    runtime: Any = PodmanRuntime(Mock(socket=None))
    answer = SimpleNamespace(attrs=changed(LISTED, spot, new))
    runtime._threads.client = Mock()
    runtime._threads.client.containers.list.return_value = [answer]
    runtime._threads.client.containers.get.return_value = SimpleNamespace(attrs=INSPECTED)
    runtime._marks = Marks(lambda _: {})
    asked(runtime)


@examples(150)
@given(st.sampled_from(spots(OF_LXD)), JSON)
def test_lxd(spot: tuple[Any, ...], new: Any) -> None:
    answer = changed(OF_LXD, spot, new)

    def get(params: Any, timeout: float) -> Any:
        del timeout
        return Mock(json=lambda: {"metadata": answer})

    lxd = Mock()
    lxd.api.instances.get = lambda **_: Mock(json=lambda: {"metadata": [answer]})
    lxd.api.instances.__getitem__ = lambda *_: Mock(get=get)
    with patch("abcd_run_lxd.runtime.Client", lambda **_: lxd):
        asked(LxdRuntime(Mock()), "demo-1")
