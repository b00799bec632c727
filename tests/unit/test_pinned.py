"""Which images match a reference in Podman's and Docker's stores, with clients that only list."""

from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import ImageNotFound as DockerNotFound
from podman.errors import ImageNotFound as PodmanNotFound

from abcd_run.errors import ArtifactError
from abcd_run.model import Artifact, Format
from abcd_run_docker.images import DockerImages
from abcd_run_podman.images import PodmanImages

RIGHT, WRONG = "sha256:" + "1" * 64, "sha256:" + "2" * 64
NGINX = "docker.io/library/nginx"

ENGINES = [(PodmanImages, PodmanNotFound), (DockerImages, DockerNotFound)]


def client(images: dict[str, list[str]], not_found: type[Exception]) -> Any:
    def get(name: str) -> Any:
        if name not in images:
            raise not_found(name)
        tags = [one for one in images[name] if "@" not in one]
        attrs = {"RepoDigests": sorted({*images[name]} - {*tags}), "RepoTags": tags}
        return SimpleNamespace(id=f"id of {name}", attrs=attrs)

    return SimpleNamespace(images=SimpleNamespace(get=get, exists=images.__contains__))


@pytest.mark.parametrize(("engine", "not_found"), ENGINES, ids=["podman", "docker"])
@pytest.mark.parametrize("reference", [f"{NGINX}@{RIGHT}", f"{NGINX}:latest"])
def test_a_local_image_stands_in_for_none(engine: Any, not_found: Any, reference: str) -> None:
    here = client({"localhost/nginx:latest": [f"localhost/nginx@{WRONG}"]}, not_found)
    artifact = Artifact(Format.OCI, "localhost/nginx:latest", reference=reference)
    with pytest.raises(ArtifactError, match="no image"):
        engine(here).provide(artifact, pull="never", say=print)


@pytest.mark.parametrize(("engine", "not_found"), ENGINES, ids=["podman", "docker"])
@pytest.mark.parametrize(("digest", "answers"), [(RIGHT, True), (WRONG, False)])
def test_a_pinned_reference_is_answered_by_its_digest(
    engine: Any, not_found: Any, digest: str, answers: bool
) -> None:
    reference = f"{NGINX}@{RIGHT}"
    here = client({reference: [f"{NGINX}@{digest}"]}, not_found)
    artifact = Artifact(Format.OCI, "localhost/nginx:latest", reference=reference)
    if answers:
        image_id = engine(here).provide(artifact, pull="never", say=print)
        assert image_id == f"id of {reference}"
    else:
        with pytest.raises(ArtifactError, match="no image"):
            engine(here).provide(artifact, pull="never", say=print)


@pytest.mark.parametrize(
    ("reference", "tag", "answers"),
    [
        (f"{NGINX}:1", f"{NGINX}:1", True),
        (f"{NGINX}:1", "localhost/nginx:1", False),
        (f"{NGINX}:1", "r.example/library/nginx:1", False),
        ("fedora:1", "registry.fedoraproject.org/fedora:1", True),
    ],
)
def test_podman_must_mean_what_was_asked(reference: str, tag: str, answers: bool) -> None:
    here = client({reference: [tag]}, PodmanNotFound)
    artifact = Artifact(Format.OCI, "localhost/nginx:latest", reference=reference)
    if answers:
        image_id = PodmanImages(here).provide(artifact, pull="never", say=print)
        assert image_id == f"id of {reference}"
    else:
        with pytest.raises(ArtifactError, match="no image"):
            PodmanImages(here).provide(artifact, pull="never", say=print)
