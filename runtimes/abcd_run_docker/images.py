"""Images in Docker's store: look up, load, pull, build."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient, DockerClient
from docker.errors import ImageNotFound, NotFound
from docker.utils import parse_repository_tag

from abcd_run.backend import oci_images, refusals
from abcd_run.backend.oci_images import Image, Images, Told
from abcd_run.errors import ArtifactError
from abcd_run.model import Artifact
from abcd_run.oci.reference import pinned
from abcd_run.runtime import Say

READS_ZSTD = (1, 42)
"""The API of Docker 23, the first to unpack layers compressed with zstd."""


@dataclass(frozen=True)
class DockerImages(Images):
    """The images of a daemon."""

    engine = "docker"
    absent = (ImageNotFound,)

    client: DockerClient

    def inspect(self, name: str) -> Image:
        """See the kit."""
        return self.client.images.get(name)

    def labels(self, image: str) -> Mapping[str, str] | None:
        """See the kit."""
        try:
            return self.client.images.get(image).labels
        except NotFound:
            return None

    def heeds_uid(self, image: str) -> bool:
        """Say whether an image can give its user the uid that the seed names."""
        return "uid" in ((self.config(image).get("Labels") or {}).get("abcd.seed") or "").split()

    def means(self, reference: str, image: Image) -> bool:
        """See the kit."""
        digest, names = pinned(reference), image.attrs.get("RepoDigests") or ()
        return not digest or digest in {image.id, *map(pinned, names)}

    def pull(self, reference: str) -> Iterable[Told]:
        """See the kit."""
        repository, tag = parse_repository_tag(reference)
        # Without a tag, Docker would pull every tag.
        lines: Iterable[Told] = self.client.api.pull(
            repository, tag or "latest", stream=True, decode=True
        )
        return lines

    def progress(self, told: Told) -> str:
        """See the kit."""
        return f"{told['id']} {told['progress']}" if "progress" in told else ""

    def stored(self, artifact: Artifact) -> str:
        """See the kit.

        The classic store identifies an image by the digest of its configuration, containerd's by
        that of its manifest.
        """
        if not artifact.id or not artifact.path:
            return ""
        known = self.find(artifact.id) or self.find(
            oci_images.on_disk(artifact.path, artifact.reference).digest
        )
        if known is None:
            return ""
        named = self.find(artifact.name)
        return artifact.name if named and named.id == known.id else str(known.id)

    def load(self, archive: Iterator[bytes], name: str) -> None:
        """See the kit."""
        for line in self.client.api.load_image(archive):  # type: ignore[no-untyped-call]
            if failure := line.get("error"):
                raise refusals.meaning(
                    failure, engine="docker", doing=f"load {name}", otherwise=ArtifactError
                )

    def reads_zstd(self) -> bool:
        """See the kit."""
        return tuple(map(int, self.client.api.api_version.split("."))) >= READS_ZSTD


def load_line(artifact: Artifact, url: str) -> str:
    """Return the line that loads an image from disk into Docker's store; empty for other images."""
    if artifact.path is None:
        return ""
    transport = "oci" if artifact.path.is_dir() else "oci-archive"
    source = f"{transport}:{artifact.path}"
    if artifact.reference:
        source += f":{artifact.reference}"
    # `docker load` accepts neither transport before Docker 25.
    options = ["--quiet", "--dest-daemon-host", url]
    return shlex.join(["skopeo", "copy", *options, source, f"docker-daemon:{artifact.name}"])


def build(api: APIClient, context: Path, name: str, *, say: Say) -> None:
    """Build a folder with a Containerfile."""
    for line in api.build(
        path=str(context),
        dockerfile="Containerfile",
        tag=name,
        rm=True,
        forcerm=True,
        decode=True,
    ):
        if failure := line.get("error"):
            raise ArtifactError(
                f"building {name} failed",
                details=failure,
                remedy=refusals.what_helps(
                    failure, engine="docker", usual="fix the problem shown above, then retry"
                ),
            )
        if text := line.get("stream", "").strip():
            say(f"building {name}: {text}")


def save(api: APIClient, name: str, out: Path) -> None:
    """Write an image as an archive, as `docker save` does."""
    with out.open("wb") as file:
        file.writelines(api.get_image(name))
