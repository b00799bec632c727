"""Names that are none are refused wherever they come from: LXD runs what follows a line break."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from abcd_run.errors import ArtifactError, UsageError
from abcd_run.model import Artifact, Format
from abcd_run.oci.reader import open_image
from abcd_run.plan import planner
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target
from abcd_run_docker.images import DockerImages
from abcd_run_lxd import images as lxd
from abcd_run_podman.images import PodmanImages
from tests.unit.lxd.plans import PLAN, config
from tests.unit.oci.making import layout

NAMES = [
    "PATH\nlxc.hook.pre-start", "A\n", "\nA", "A\r", "A\0B", "A\tB", "A B", "", "1A",
    "a.b-c", "Ä", "²",
]  # fmt: skip


def refused(word: str) -> Any:
    return pytest.raises(ArtifactError, match=rf"{word}.*is not a valid variable name")


@pytest.mark.parametrize("name", NAMES)
def test_in_an_image_on_disk(name: str, tmp_path: Path) -> None:
    with refused("it:1") as raised:
        open_image(layout(tmp_path, Env=["GOOD=1", f"{name}=/bin/sh -c id"]))
    assert str(tmp_path) in raised.value.message
    assert raised.value.remedy


@pytest.mark.parametrize("name", NAMES)
def test_in_an_image_that_lxd_has_already(name: str) -> None:
    """Whoever is in its group may have imported it."""
    with refused("demo from somebody"):
        lxd.from_properties({"oci.environment": json.dumps([f"{name}=x"])}, "demo from somebody")


@pytest.mark.parametrize("name", NAMES)
def test_in_an_image_that_an_engine_pulls_for_itself(name: str) -> None:
    wanted = Artifact(Format.OCI, "demo", reference="registry.example/demo:1")
    attrs = {"RepoTags": [wanted.reference], "Config": {"Env": [f"{name}=x"]}}
    image = Mock(id="sha256:1", attrs=attrs)
    client = Mock(**{"images.get.return_value": image})
    for images in (DockerImages(client), PodmanImages(client)):
        for pull in ("missing", "always"):
            client.api.pull.return_value = []
            client.api.post.return_value.iter_lines.return_value = []
            with refused("registry.example/demo:1"):
                images.provide(wanted, pull=pull, say=print)


@pytest.mark.parametrize("name", NAMES)
def test_of_a_request(name: str) -> None:
    with pytest.raises(UsageError, match=r"is not a (valid )?variable"):
        planner.plan(Request("web", env={name: "x"}), Mock(spec=Target), Mock())


@pytest.mark.parametrize("name", NAMES)
def test_in_what_lxd_is_asked_for(name: str) -> None:
    """Also where none of the others has looked: a profile's own configuration."""
    with pytest.raises(UsageError, match=r"is not a (valid )?variable"):
        config(replace(PLAN, env={name: "x"}))


def test_no_value_has_a_nul(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="value of A contains NUL"):
        open_image(layout(tmp_path, Env=["A=x\0y"]))


@pytest.mark.parametrize(
    "told",
    [
        {"oci.user": "root\nlxc.hook.pre-start = x"},
        {"oci.folder": "/\0"},
        {"oci.environment": "{}"},
        {"oci.environment": "[1]"},
        {"oci.start": "[" * 100_000},
        {"oci.ports": "no JSON"},
        {"oci.environment": json.dumps(["A=x\nlxc.hook.pre-start = x"])},
    ],
)
def test_other_properties_of_an_image_that_lxd_has(told: dict[str, str]) -> None:
    with pytest.raises(ArtifactError, match=r"^demo: ") as raised:
        lxd.from_properties(told, "demo")
    assert raised.value.remedy
