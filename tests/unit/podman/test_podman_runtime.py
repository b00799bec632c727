"""What the Podman runtime requests, and what a person would type."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from podman.errors import ImageNotFound

from abcd_run.errors import LaunchFailed
from abcd_run.model import Artifact, Format, Share
from abcd_run_podman.runtime import PodmanRuntime
from tests.unit.plans import CONTAINER

SHARED = replace(CONTAINER, uid=1000, shares=(Share(Path("/a"), "/mnt/a", read_only=True),))


@pytest.fixture
def runtime() -> Any:
    podman: Any = PodmanRuntime(Mock(socket=None))
    podman._limits = frozenset({"pids"})
    podman._threads.client = Mock()
    return podman


def test_a_share_is_its_persons_and_the_init_is_the_images(runtime: Any) -> None:
    runtime.client.images.get.return_value = Mock(attrs={"Config": {"User": "root"}})
    runtime.create(SHARED, "image")
    given = runtime.client.containers.create.call_args.kwargs
    assert given["userns_mode"] == {"nsmode": "keep-id", "value": "uid=1000,gid=1000"}
    assert given["user"] == "root"
    assert given["mounts"] == [
        {"type": "bind", "source": "/a", "target": "/mnt/a", "read_only": True}
    ]


def test_without_a_share_no_image_is_asked_for(runtime: Any) -> None:
    runtime.create(CONTAINER, "image")
    given = runtime.client.containers.create.call_args.kwargs
    assert not {"userns_mode", "user"} & {*given}
    assert given["no_new_privileges"] is True
    runtime.client.images.get.assert_not_called()


def test_a_garbled_answer_of_a_start_is_an_error(runtime: Any) -> None:
    runtime.client.containers.get.return_value = Mock(attrs={"State": None})
    with pytest.raises(LaunchFailed, match="cannot be read"):
        runtime.start("id")


def test_the_native_line_gets_the_image_where_podman_lacks_it(runtime: Any) -> None:
    artifact = Artifact(Format.OCI, "demo", "demo", Path("/image"), id="sha256:1")
    runtime.client.images.get.side_effect = ImageNotFound("no such image")
    runtime.client.images.exists.return_value = False
    brings, _, runs = runtime.native(SHARED, artifact).partition(" && ")
    assert brings.startswith("abcd-run pull --quiet --on ")
    assert " podman run --detach " in runs
    assert runs.endswith(" --userns=keep-id:uid=1000,gid=1000 --user=0:0 --pids-limit=4096 demo")
    runtime.client.images.exists.return_value = True
    assert runtime.native(CONTAINER, artifact).endswith(" --pids-limit=4096 sha256:1")
