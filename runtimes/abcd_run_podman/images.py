"""Images in Podman's store: look up, load, pull, build."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from podman import PodmanClient
from podman.errors import ImageNotFound, NotFound

from abcd_run.backend.oci_images import Image, Images, Told
from abcd_run.host import programs
from abcd_run.model import Artifact
from abcd_run.oci.reference import has_registry, means, pinned
from abcd_run.runtime import Say
from abcd_run_podman import working


@dataclass(frozen=True)
class PodmanImages(Images):
    """The images of a user."""

    engine = "podman"
    absent = (ImageNotFound, NotFound)

    client: PodmanClient

    def inspect(self, name: str) -> Image:
        """See the kit."""
        return self.client.images.get(name)

    def labels(self, image: str) -> Mapping[str, str] | None:
        """See the kit."""
        known = self.find(image)
        return None if known is None else known.attrs.get("Labels") or {}

    def user(self, image: str) -> str:
        """Return the user that an image's own process runs as."""
        return str(self.config(image).get("User") or "0:0")

    def means(self, reference: str, image: Image) -> bool:
        """See the kit.

        Podman decides what a short name means: it has aliases for some.
        """
        tags, digests = (image.attrs.get(key) or () for key in ("RepoTags", "RepoDigests"))
        if digest := pinned(reference):
            return digest in {image.attrs.get("Digest"), *map(pinned, digests)}
        return not has_registry(reference) or means(reference, tags)

    def pull(self, reference: str) -> Iterator[Told]:
        """See the kit."""
        response = self.client.api.post(
            "/images/pull", params={"reference": reference}, stream=True
        )
        response.raise_for_status(not_found=ImageNotFound)
        yield from map(json.loads, response.iter_lines())

    def progress(self, told: Told) -> str:
        """See the kit."""
        return str(told.get("stream") or "").strip()

    def stored(self, artifact: Artifact) -> str:
        """See the kit."""
        named = self.find(artifact.name)
        if named and _bare(str(named.id)) == _bare(artifact.id):
            return artifact.name
        return artifact.id if artifact.id and self.client.images.exists(artifact.id) else ""

    def copied(self, artifact: Artifact) -> bool:
        """See the kit.

        skopeo shares the user's store with Podman, unless that is told to work elsewhere.
        """
        path, remote = artifact.path, os.environ.get("CONTAINER_HOST")
        if remote or path is None or not path.is_dir() or shutil.which("skopeo") is None:
            return False
        source = f"oci:{path}:{artifact.reference}"
        command = ["skopeo", "copy", "--quiet", source, f"containers-storage:{artifact.name}"]
        return programs.ran(command).returncode == 0

    def load(self, archive: Iterator[bytes], name: str) -> None:  # noqa: ARG002  (the archive holds it)
        """See the kit."""
        self.client.images.load(data=archive)  # type: ignore[arg-type]


def _bare(image_id: str) -> str:
    return image_id.removeprefix("sha256:")


def build(context: Path, name: str, *, say: Say) -> None:
    """Build a folder with a Containerfile; the command reads the folder in place."""
    command = ["podman", "build", "--tag", name, "--file", str(context / "Containerfile")]
    with working.tidied(context) as options:
        programs.run([*command, *options, str(context)], doing=f"building {name}", say=say)


def save(name: str, out: Path) -> None:
    """Write an image as an OCI archive."""
    command = ["podman", "save", "--quiet", "--format", "oci-archive", "--output", str(out), name]
    programs.run(command, doing=f"saving {name}", say=lambda _: None)
