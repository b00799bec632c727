"""Images in Podman's store: found, loaded, pulled, built."""

import json
from pathlib import Path

from podman import PodmanClient
from podman.errors import ImageNotFound, NotFound

from abcd_run import process, target, variables
from abcd_run.errors import ArtifactError
from abcd_run.model import Artifact
from abcd_run.runtime import Say

LOCAL = "localhost/"


def loaded(client: PodmanClient, artifact: Artifact, *, say: Say) -> str:
    """Return the name of an image that lies on disk, or its id; loaded unless Podman has it."""
    if _is(client, artifact.name, artifact.id):
        return artifact.name
    if client.images.exists(artifact.id):
        return artifact.id
    from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (most launches find it loaded)
    from abcd_run.oci.reader import open_image  # noqa: PLC0415

    assert artifact.path is not None
    say(f"loading {artifact.name} into podman")
    image = open_image(artifact.path, artifact.reference or None)
    client.images.load(data=stream_archive(image, artifact.name))  # type: ignore[arg-type]
    return artifact.name


def pulled(client: PodmanClient, artifact: Artifact, *, pull: str, say: Say) -> str:
    """Return the id of an image from a registry, or of the local one that stands in for it."""
    remote = not artifact.reference.startswith(LOCAL)
    if not (pull == "always" and remote):
        for name in (artifact.reference, artifact.name):
            if client.images.exists(name):
                return _checked(client, name)
    if not remote or pull == "never":
        raise ArtifactError(
            f"podman has no image {artifact.reference}",
            details="" if remote else "nobody has built it yet, and no profile says where it is",
            remedy=f"podman pull {artifact.reference}" if remote else "abcd-run images",
        )
    _pull(client, artifact.reference, say)
    return _checked(client, artifact.reference)


def _checked(client: PodmanClient, name: str) -> str:
    """Return the id of an image whose variables are such. Raises `ArtifactError`."""
    found = client.images.get(name)
    variables.of_image((found.attrs.get("Config") or {}).get("Env") or [], name)
    return str(found.id)


def _pull(client: PodmanClient, reference: str, say: Say) -> None:
    say(f"pulling {reference}")
    response = client.api.post("/images/pull", params={"reference": reference}, stream=True)
    response.raise_for_status(not_found=ImageNotFound)
    for line in response.iter_lines():
        told = json.loads(line)
        if failure := told.get("error"):
            raise ArtifactError(
                f"{reference} could not be pulled",
                details=failure,
                remedy="check the name and the network; --pull never uses what is here",
            )
        if text := told.get("stream"):
            say(f"pulling {reference}: {text.strip()}")


def exposed(client: PodmanClient, image: str) -> list[int]:
    """Return the TCP ports that an image itself says it serves."""
    config = client.images.get(image).attrs.get("Config") or {}
    return target.exposed_tcp(list(config.get("ExposedPorts") or {}))


def user(client: PodmanClient, image: str) -> str:
    """Return the user that an image's own process runs as."""
    config = client.images.get(image).attrs.get("Config") or {}
    return str(config.get("User") or "0:0")


def known_name(client: PodmanClient, artifact: Artifact) -> str:
    """Return what Podman calls the image, empty where it cannot get it for itself."""
    if artifact.path is None:
        both = (artifact.reference, artifact.name)
        return next((name for name in both if client.images.exists(name)), artifact.reference)
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
    process.run([*command, str(context)], doing=f"building {name}", say=say)


def save(name: str, out: Path) -> None:
    """Write an image as an OCI archive."""
    command = ["podman", "save", "--quiet", "--format", "oci-archive", "--output", str(out), name]
    process.run(command, doing=f"saving {name}", say=lambda _: None)
