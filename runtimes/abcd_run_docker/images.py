"""Images in Docker's store: found, loaded, pulled, built."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docker import APIClient, DockerClient
from docker.errors import ImageNotFound
from docker.models.images import Image
from docker.utils import parse_repository_tag

from abcd_run import variables
from abcd_run.backend import image_ports, oci_engine, refusals
from abcd_run.backend.oci_images import on_disk
from abcd_run.errors import ArtifactError
from abcd_run.model import Artifact, Plan
from abcd_run.oci.reference import pinned
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image as OciImage

LOCAL = "localhost/"
READS_ZSTD = (1, 42)
"""The API of Docker 23, the first that unpacks layers compressed with zstd."""


def found(client: DockerClient, name: str) -> Image | None:
    """Return an image by name or id, None if the engine has none."""
    try:
        return client.images.get(name)
    except ImageNotFound:
        return None


def loaded(client: DockerClient, artifact: Artifact, *, say: Say) -> str:
    """Return what Docker calls an image that lies on disk, loaded unless it has it."""
    if name := _stored(client, artifact):
        return name
    from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (most launches find it loaded)

    with oci_engine.loading(artifact, into="docker", say=say):
        if name := _stored(client, artifact):
            return name
        image, keep_zstd = _on_disk(artifact), _reads_zstd(client.api)
        archive = stream_archive(image, artifact.name, keep_zstd=keep_zstd)
        for told in client.api.load_image(archive):  # type: ignore[no-untyped-call]
            if failure := told.get("error"):
                doing = f"load {artifact.name}"
                raise refusals.meaning(
                    failure, engine="docker", doing=doing, otherwise=ArtifactError
                )
    return artifact.name


def _stored(client: DockerClient, artifact: Artifact) -> str:
    """Return the name or id of an image that Docker has already, empty if it has not.

    The classic store calls an image by its configuration's digest, containerd's by its manifest's.
    """
    if not artifact.id:
        return ""
    known = found(client, artifact.id) or found(client, _on_disk(artifact).digest)
    if known is None:
        return ""
    named = found(client, artifact.name)
    return artifact.name if named and named.id == known.id else str(known.id)


def _on_disk(artifact: Artifact) -> "OciImage":
    assert artifact.path is not None
    return on_disk(artifact.path, artifact.reference)


def _reads_zstd(api: APIClient) -> bool:
    return tuple(map(int, api.api_version.split("."))) >= READS_ZSTD


def pulled(client: DockerClient, artifact: Artifact, *, pull: str, say: Say) -> str:
    """Return the id of an image from a registry, or that is here under its name."""
    remote = not artifact.reference.startswith(LOCAL)
    if not (pull == "always" and remote) and (image_id := _answering(client, artifact.reference)):
        return image_id
    if not remote or pull == "never":
        raise ArtifactError(
            f"docker has no image {artifact.reference}",
            details="" if remote else "nobody has built it yet, and no profile says where it is",
            remedy=f"docker pull {artifact.reference}" if remote else "abcd-run images",
        )
    _pull(client.api, artifact.reference, say)
    if image_id := _answering(client, artifact.reference):
        return image_id
    raise ArtifactError(
        f"docker has another image than {artifact.reference}",
        remedy="docker images --digests, then docker rmi what has that name, and try again",
    )


def _answering(client: DockerClient, reference: str) -> str:
    """Return the id of the image that a reference means, empty if Docker has none such.

    Raises `ArtifactError` where that has variables which are none.
    """
    image = found(client, reference)
    if image is None:
        return ""
    digest, names = pinned(reference), image.attrs.get("RepoDigests") or ()
    digests = {image.id, *map(pinned, names)}
    if digest and digest not in digests:
        return ""
    variables.of_image((image.attrs.get("Config") or {}).get("Env") or [], reference)
    return str(image.id)


def _pull(api: APIClient, reference: str, say: Say) -> None:
    say(f"pulling {reference}")
    repository, tag = parse_repository_tag(reference)
    # Without a tag Docker would pull all of them.
    for told in api.pull(repository, tag or "latest", stream=True, decode=True):
        if failure := told.get("error"):
            raise refusals.not_pulled(reference, failure, engine="docker")
        if "progress" in told:
            say(f"pulling {reference}: {told['id']} {told['progress']}")


def ports(client: DockerClient, plan: Plan, image: str) -> list[int]:
    """Return the ports of a plan's services, or those that the image itself says it serves."""
    if not plan.exposed:
        return [service.port for service in plan.services]
    config = _config(client, image)
    return image_ports.exposed_tcp(list(config.get("ExposedPorts") or {}))


def heeds_uid(client: DockerClient, image: str) -> bool:
    """Say whether an image lets its user have the uid that the seed names."""
    return "uid" in ((_config(client, image).get("Labels") or {}).get("abcd.seed") or "").split()


def _config(client: DockerClient, image: str) -> dict[str, Any]:
    config: dict[str, Any] = client.images.get(image).attrs.get("Config") or {}
    return config


def native_name(client: DockerClient, artifact: Artifact) -> str:
    """Return what a person would call the image on Docker's command line."""
    if artifact.path:
        return _stored(client, artifact) or artifact.name
    return artifact.reference


def native_load(client: DockerClient, artifact: Artifact, url: str) -> str:
    """Return the line that brings an image on disk into Docker's store, empty if it is there."""
    if artifact.path is None or _stored(client, artifact):
        return ""
    transport = "oci" if artifact.path.is_dir() else "oci-archive"
    source = f"{transport}:{artifact.path}"
    if artifact.reference:
        source += f":{artifact.reference}"
    # `docker load` takes neither before Docker 25.
    options = ["--quiet", "--dest-daemon-host", url]
    return shlex.join(["skopeo", "copy", *options, source, f"docker-daemon:{artifact.name}"])


def build(api: APIClient, context: Path, name: str, *, say: Say) -> None:
    """Build a folder with a Containerfile."""
    for told in api.build(
        path=str(context),
        dockerfile="Containerfile",
        tag=name,
        rm=True,
        forcerm=True,
        decode=True,
    ):
        if failure := told.get("error"):
            raise ArtifactError(
                f"building {name} failed",
                details=failure,
                remedy=refusals.what_helps(
                    failure, engine="docker", usual="fix what it says, then try again"
                ),
            )
        if text := told.get("stream", "").strip():
            say(f"building {name}: {text}")


def save(api: APIClient, name: str, out: Path) -> None:
    """Write an image as the archive that `docker save` gives."""
    with out.open("wb") as file:
        file.writelines(api.get_image(name))
