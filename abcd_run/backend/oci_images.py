"""Container images: what the backends of OCI engines share."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from abcd_run import variables
from abcd_run.backend import image_ports, refusals
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.host.part_file import part_of
from abcd_run.model import Artifact, Plan
from abcd_run.oci.reference import LOCAL
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image as OciImage

Told = Mapping[str, Any]
"""A line of an engine's progress output."""


class Image(Protocol):
    """An image as an SDK represents it."""

    @property
    def id(self) -> str | None:
        """The engine's id for it."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The engine's `inspect` of it."""


class Images(ABC):
    """The images that an engine has, and how it gets others.

    The methods that each engine implements come first.
    """

    engine: ClassVar[str]
    absent: ClassVar[tuple[type[Exception], ...]]
    """What the SDK raises for an image that the engine does not have."""

    @abstractmethod
    def inspect(self, name: str) -> Image:
        """Return an image by name or id. Raises one of `absent`."""

    @abstractmethod
    def labels(self, image: str) -> Mapping[str, str] | None:
        """Return the labels of an image; None if the engine no longer has it."""

    @abstractmethod
    def means(self, reference: str, image: Image) -> bool:
        """Say whether the image that the engine returns for a reference is the one it names."""

    @abstractmethod
    def pull(self, reference: str) -> Iterable[Told]:
        """Pull an image from its registry, and yield the engine's progress."""

    @abstractmethod
    def progress(self, told: Told) -> str:
        """Return a line of a pull's progress for the user; empty if there is nothing to show."""

    @abstractmethod
    def stored(self, artifact: Artifact) -> str:
        """Return the engine's name or id for an image on disk; empty if it lacks the image."""

    @abstractmethod
    def load(self, archive: Iterator[bytes], name: str) -> None:
        """Load an image under the name `name`."""

    def copied(self, artifact: Artifact) -> bool:  # noqa: ARG002  (most engines cannot)
        """Take an image from a layout, reading only the layers that the engine lacks.

        Returns False if the engine cannot: then the whole image is loaded.
        """
        return False

    def reads_zstd(self) -> bool:
        """Say whether the engine unpacks layers compressed with zstd."""
        return False

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """Return the engine's name for an image, after loading or pulling it if needed."""
        if artifact.path:
            return self._loaded(artifact, artifact.path, say)
        return self._pulled(artifact.reference, pull, say)

    def find(self, name: str) -> Image | None:
        """Return an image by name or id; None if the engine does not have it."""
        try:
            return self.inspect(name)
        except self.absent:
            return None

    def config(self, image: str) -> dict[str, Any]:
        """Return the configuration of an image that the engine has."""
        config: dict[str, Any] = self.inspect(image).attrs.get("Config") or {}
        return config

    def ports(self, plan: Plan, image: str) -> list[int]:
        """Return the ports of a plan's services, or those that the image exposes."""
        if not plan.exposed:
            return [service.port for service in plan.services]
        return image_ports.exposed_tcp(list(self.config(image).get("ExposedPorts") or {}))

    def known_name(self, artifact: Artifact) -> str:
        """Return the engine's name for an image; empty if it could not get the image itself."""
        return self.stored(artifact) if artifact.path else artifact.reference

    def _loaded(self, artifact: Artifact, path: Path, say: Say) -> str:
        if name := self.stored(artifact):
            return name
        from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (most images are already loaded)

        with _loading(artifact, into=self.engine, say=say):
            if name := self.stored(artifact):
                return name
            if self.copied(artifact) and (name := self.stored(artifact)):
                return name
            image = on_disk(path, artifact.reference)
            archive = stream_archive(image, artifact.name, keep_zstd=self.reads_zstd())
            self.load(archive, artifact.name)
        return artifact.name

    def _pulled(self, reference: str, pull: str, say: Say) -> str:
        """Return the id of an image from a registry, or of the local one with its name."""
        remote = not reference.startswith(LOCAL)
        if not (pull == "always" and remote) and (image_id := self._answering(reference)):
            return image_id
        if not remote or pull == "never":
            raise ArtifactError(
                f"{self.engine} has no image {reference}",
                details=""
                if remote
                else "it has not been built yet, and no profile says where to get it",
                remedy=f"{self.engine} pull {reference}" if remote else "abcd-run images",
            )
        self._pull(reference, say)
        if image_id := self._answering(reference):
            return image_id
        raise ArtifactError(
            f"{self.engine} has a different image under the name {reference}",
            remedy=f"{self.engine} images --digests, then {self.engine} rmi the one with that name,"
            " and retry",
        )

    def _answering(self, reference: str) -> str:
        """Return the id of the image that a reference names; empty if the engine lacks it.

        Raises `ArtifactError` if the image has invalid variables.
        """
        image = self.find(reference)
        if image is None or not self.means(reference, image):
            return ""
        variables.of_image((image.attrs.get("Config") or {}).get("Env") or [], reference)
        return str(image.id)

    def _pull(self, reference: str, say: Say) -> None:
        say(f"pulling {reference}")
        for line in self.pull(reference):
            if failure := line.get("error"):
                raise refusals.not_pulled(reference, failure, engine=self.engine)
            if progress := self.progress(line):
                say(f"pulling {reference}: {progress}")


@contextmanager
def _loading(artifact: Artifact, *, into: str, say: Say) -> Iterator[None]:
    """Let one of the user's launches load an image into an engine while the others wait for it.

    Raises `Interrupted`, or `ArtifactError` if the cache cannot be written.
    """

    def waiting(_: Path) -> None:
        say(f"waiting for another launch to load {artifact.name}")

    # Nothing is written there: only the lock is needed.
    name = f"{into}-{artifact.id or artifact.name}".replace("/", "-")
    with part_of(xdg.cache() / "load" / name, waiting=waiting):
        say(f"loading {artifact.name} into {into}")
        yield


def archived(artifact: Artifact) -> Iterator[bytes]:
    """Yield an image on disk as an archive that every tool can read. Raises `ArtifactError`."""
    from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (see `_loaded`)

    assert artifact.path is not None
    image = on_disk(artifact.path, artifact.reference)
    return stream_archive(image, artifact.name, keep_zstd=True)


def on_disk(path: Path, reference: str) -> "OciImage":
    """Return the image in a file, a layout or the local store. Raises `ArtifactError`."""
    from abcd_run.oci.reader import open_image  # noqa: PLC0415  (images from registries do not need it)
    from abcd_run.oci.store import Store  # noqa: PLC0415

    if path != xdg.store():
        return open_image(path, reference or None)
    image = Store(path).resolve(reference)
    if image is None:
        raise ArtifactError(
            f"{reference} is incomplete in {path}",
            remedy="retry: the damaged parts were removed, and are built or fetched again",
        )
    return image
