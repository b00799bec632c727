"""How the Docker runtime handles a daemon's answers."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import requests
from docker.errors import APIError, DockerException, ImageNotFound

from abcd_run.backend import oci_images
from abcd_run.errors import AbcdRunError, LaunchFailed, NameTaken, NoAnswer, NoRuntime, PortTaken
from abcd_run.model import Artifact, Format, Share
from abcd_run_docker.errors import translated
from abcd_run_docker.images import DockerImages, load_line
from abcd_run_docker.runtime import DockerRuntime
from abcd_run_docker.service import Daemon
from tests.unit.plans import CONTAINER

ROOTLESS = {
    "ServerVersion": "28.0", "SecurityOptions": ["name=seccomp", "name=rootless"],
    "MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": True,
}  # fmt: skip


@pytest.fixture
def runtime(tmp_path: Path) -> Any:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        docker = DockerRuntime(Daemon(f"unix://{path}"))
        docker._client = Mock()
        yield docker


def test_rootless(runtime: Any) -> None:
    runtime._client.info.return_value = ROOTLESS
    probe = runtime.probe()
    assert (probe.version, probe.refusal(), probe.notes) == ("28.0", None, ())


def test_rootful_is_refused_unless_asked_for(runtime: Any) -> None:
    runtime._client.info.return_value = {**ROOTLESS, "SecurityOptions": ["name=seccomp"]}
    refused = runtime.probe().refusal()
    assert "root inside would be root of this host" in refused.message
    assert "--rootful" in refused.remedy
    assert runtime.probe().refusal(rootful=True) is None


def test_limits_that_are_not_enforced_are_a_note(runtime: Any) -> None:
    runtime._client.info.return_value = {**ROOTLESS, "MemoryLimit": False}
    (note,) = runtime.probe().notes
    assert note.startswith("memory limits are not enforced")
    assert runtime.limits == {"cpu", "pids"}


def test_podman_in_dockers_place(runtime: Any) -> None:
    runtime._client.info.return_value = {**ROOTLESS, "BuildahVersion": "1.28"}
    assert runtime.probe().problem.remedy == "--on podman"


def answered(status: int, text: str) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError("refused", response=response, explanation=text)


@pytest.mark.parametrize(
    ("raised", "kind", "says"),
    [
        (answered(409, 'the name "/x" is already in use by container "y"'), NameTaken, "name"),
        (answered(500, "listen tcp4: bind: address already in use"), PortTaken, "in use"),
        (answered(500, "Bind for 127.0.0.1:80 failed: port is already allocated"), PortTaken, ""),
        (answered(500, "cannot expose privileged port 80"), LaunchFailed, "only root may use"),
        (answered(500, "no space left on device"), LaunchFailed, "docker could not create it"),
        (requests.ConnectionError("refused"), NoRuntime, "its daemon is down"),
        (requests.ConnectionError("Read timed out."), NoAnswer, "does not answer in time"),
        (DockerException("something"), LaunchFailed, "docker could not create it"),
    ],
)
def test_errors(raised: Exception, kind: type[AbcdRunError], says: str) -> None:
    with pytest.raises(kind) as caught, translated("create it"):
        raise raised
    assert type(caught.value) is kind
    assert says in caught.value.message


def test_the_first_request_tells_why_it_failed() -> None:
    error = DockerException("Error while fetching server API version")
    error.__cause__ = requests.ConnectionError("Connection aborted.")
    with pytest.raises(NoRuntime, match="daemon is down"), translated("be asked"):
        raise error


class Store:
    """Docker's images by all of their names."""

    def __init__(self, **called: str) -> None:
        self.images, self.called = self, called

    def get(self, name: str) -> Mock:
        if name not in self.called:
            raise ImageNotFound("no such image")
        return Mock(id=self.called[name])


@pytest.mark.parametrize("digest", ["configuration", "manifest"])
def test_an_image_is_known_by_either_digest(
    digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci_images, "on_disk", lambda *_: Mock(digest="manifest"))
    artifact = Artifact(Format.OCI, "demo", "demo", tmp_path, id="configuration")
    known: Any = Store(**{digest: digest})
    assert DockerImages(known).provide(artifact, pull="missing", say=print) == digest
    named: Any = Store(**{digest: digest, "demo": digest})
    assert DockerImages(named).provide(artifact, pull="missing", say=print) == "demo"
    other: Any = Store(demo="another")
    assert DockerImages(other).known_name(artifact) == ""
    assert load_line(artifact, "unix:///s") == (
        f"skopeo copy --quiet --dest-daemon-host unix:///s oci:{tmp_path}:demo docker-daemon:demo"
    )


@pytest.mark.parametrize("wanted", [{}, {8080: 18080}])
def test_ports_are_the_kernels_or_those_wanted(runtime: Any, wanted: dict[int, int]) -> None:
    """Docker would search for ports itself, and stall if one is taken."""
    runtime._client.info.return_value = ROOTLESS
    runtime.create(replace(CONTAINER, ports=wanted), "image")
    ports = runtime._client.containers.create.call_args.kwargs["ports"]
    web, ssh = ports["8080/tcp"], ports["22/tcp"]
    assert (web[0], ssh[0]) == ("127.0.0.1", "127.0.0.1")
    assert web[1] == wanted.get(8080, web[1])
    assert len({web[1], ssh[1]} - {0}) == 2


def test_ports_of_an_address_of_another_host_are_dockers(runtime: Any) -> None:
    runtime._client.info.return_value = ROOTLESS
    runtime.create(replace(CONTAINER, address="192.0.2.1"), "image")
    ports = runtime._client.containers.create.call_args.kwargs["ports"]
    assert ports == {"8080/tcp": ("192.0.2.1", 0), "22/tcp": ("192.0.2.1", 0)}


SHARED = replace(CONTAINER, account="abcd", shares=(Share(Path("/a"), "/mnt/a"),))


@pytest.mark.parametrize("label", ["uid", ""])
def test_a_share_is_its_persons_where_the_image_heeds_that(runtime: Any, label: str) -> None:
    runtime._client.info.return_value = ROOTLESS
    config = {"Labels": {"abcd.seed": label}}
    runtime._client.images.get.return_value = Mock(attrs={"Config": config})
    if label:
        runtime.create(SHARED, "image")
        given = runtime._client.containers.create.call_args.kwargs
        assert given["environment"]["ABCD_UID"] == "0"
        assert given["mounts"][0]["Target"] == "/mnt/a"
        assert given["security_opt"] == ["no-new-privileges:true"]
    else:
        with pytest.raises(LaunchFailed, match="cannot share a folder"):
            runtime.create(SHARED, "image")


def test_the_native_line_loads_the_image_where_docker_lacks_it(
    runtime: Any, tmp_path: Path
) -> None:
    runtime._client.info.return_value = ROOTLESS
    runtime._client.images.get.side_effect = ImageNotFound("no such image")
    artifact = Artifact(Format.OCI, "demo", "demo", tmp_path)
    loads, runs = runtime.native(SHARED, artifact).splitlines()
    assert loads.startswith("skopeo copy --quiet --dest-daemon-host unix:///")
    assert f" docker --host {runtime._daemon.url} run --detach " in runs
    assert runs.endswith(" --env ABCD_UID=0 --pids-limit=4096 demo")
    pulled = Artifact(Format.OCI, "demo", "registry.example/demo:1")
    (line,) = runtime.native(CONTAINER, pulled).splitlines()
    assert line.endswith(" registry.example/demo:1")
