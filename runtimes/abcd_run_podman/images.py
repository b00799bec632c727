"""Images in Podman's store: found, loaded, pulled, built."""

import json
from pathlib import Path

from podman import PodmanClient
from podman.errors import ImageNotFound, NotFound

from abcd_run import variables
from abcd_run.backend import image_ports, oci_engine, refusals
from abcd_run.backend.oci_images import on_disk
from abcd_run.errors import ArtifactError
from abcd_run.host import programs
from abcd_run.model import Artifact
from abcd_run.oci.reference import has_registry, means, pinned
from abcd_run.runtime import Say
from abcd_run_podman import working

LOCAL = "localhost/"


def loaded(client: PodmanClient, artifact: Artifact, *, say: Say) -> str:
    """Return the name of an image that lies on disk, or its id; loaded unless Podman has it."""
    if name := _stored(client, artifact):
        return name
    from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (most launches find it loaded)

    assert artifact.path is not None
    with oci_engine.loading(artifact, into="podman", say=say):
        if name := _stored(client, artifact):
            return name
        image = on_disk(artifact.path, artifact.reference)
        client.images.load(data=stream_archive(image, artifact.name))  # type: ignore[arg-type]
    return artifact.name


def _stored(client: PodmanClient, artifact: Artifact) -> str:
    """Return the name or id of an image that Podman has already, empty if it has not."""
    if _is(client, artifact.name, artifact.id):
        return artifact.name
    return artifact.id if client.images.exists(artifact.id) else ""


def pulled(client: PodmanClient, artifact: Artifact, *, pull: str, say: Say) -> str:
    """Return the id of an image from a registry, or that is here under its name."""
    remote = not artifact.reference.startswith(LOCAL)
    if not (pull == "always" and remote) and (image_id := _answering(client, artifact.reference)):
        return image_id
    if not remote or pull == "never":
        raise ArtifactError(
            f"podman has no image {artifact.reference}",
            details="" if remote else "nobody has built it yet, and no profile says where it is",
            remedy=f"podman pull {artifact.reference}" if remote else "abcd-run images",
        )
    _pull(client, artifact.reference, say)
    if image_id := _answering(client, artifact.reference):
        return image_id
    raise ArtifactError(
        f"podman has another image than {artifact.reference}",
        remedy="podman images --digests, then podman rmi what has that name, and try again",
    )


def _answering(client: PodmanClient, reference: str) -> str:
    """Return the id of the image that a reference means, empty if Podman has none such.

    What a short name means is for Podman to say, which has aliases for some. Raises `ArtifactError`
    where the image has variables which are none.
    """
    try:
        image = client.images.get(reference)
    except (ImageNotFound, NotFound):
        return ""
    tags, digests = (image.attrs.get(key) or () for key in ("RepoTags", "RepoDigests"))
    if digest := pinned(reference):
        right = digest in {image.attrs.get("Digest"), *map(pinned, digests)}
    else:
        right = not has_registry(reference) or means(reference, tags)
    if not right:
        return ""
    variables.of_image((image.attrs.get("Config") or {}).get("Env") or [], reference)
    return str(image.id)


def _pull(client: PodmanClient, reference: str, say: Say) -> None:
    say(f"pulling {reference}")
    response = client.api.post("/images/pull", params={"reference": reference}, stream=True)
    response.raise_for_status(not_found=ImageNotFound)
    for line in response.iter_lines():
        told = json.loads(line)
        if failure := told.get("error"):
            raise refusals.not_pulled(reference, failure, engine="podman")
        if text := told.get("stream"):
            say(f"pulling {reference}: {text.strip()}")


def exposed_ports(client: PodmanClient, image: str) -> list[int]:
    """Return the TCP ports that an image itself says it serves."""
    config = client.images.get(image).attrs.get("Config") or {}
    return image_ports.exposed_tcp(list(config.get("ExposedPorts") or {}))


def user(client: PodmanClient, image: str) -> str:
    """Return the user that an image's own process runs as."""
    config = client.images.get(image).attrs.get("Config") or {}
    return str(config.get("User") or "0:0")


def known_name(client: PodmanClient, artifact: Artifact) -> str:
    """Return what Podman calls the image, empty where it cannot get it for itself."""
    if artifact.path is None:
        return artifact.reference
    if _is(client, artifact.name, artifact.id):
        return artifact.name
    return artifact.id if artifact.id and client.images.exists(artifact.id) else ""


def _is(client: PodmanClient, name: str, image_id: str) -> bool:
    try:
        found = client.images.get(name)
    except (ImageNotFound, NotFound):
        return False
    return str(found.id).removeprefix("sha256:") == image_id.removeprefix("sha256:")


def build(context: Path, name: str, *, say: Say) -> None:
    """Build a folder with a Containerfile; the command reads it where it lies."""
    command = ["podman", "build", "--tag", name, "--file", str(context / "Containerfile")]
    with working.tidied(context) as options:
        programs.run([*command, *options, str(context)], doing=f"building {name}", say=say)


def save(name: str, out: Path) -> None:
    """Write an image as an OCI archive."""
    command = ["podman", "save", "--quiet", "--format", "oci-archive", "--output", str(out), name]
    programs.run(command, doing=f"saving {name}", say=lambda _: None)
