"""Images of containers: what backends for OCI engines do with them alike."""

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
"""A line of what an engine tells of its work."""


class Image(Protocol):
    """An image as an SDK has it."""

    @property
    def id(self) -> str | None:
        """What the engine calls it."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """What the engine's `inspect` says of it."""


class Images(ABC):
    """The images that an engine has, and how it gets others.

    What each engine does in its own way stands first.
    """

    engine: ClassVar[str]
    absent: ClassVar[tuple[type[Exception], ...]]
    """What the SDK raises of an image that the engine does not have."""

    @abstractmethod
    def inspect(self, name: str) -> Image:
        """Return an image by name or id. Raises what is `absent`."""

    @abstractmethod
    def labels(self, image: str) -> Mapping[str, str] | None:
        """Return the labels of an image, None where the engine has it no more."""

    @abstractmethod
    def means(self, reference: str, image: Image) -> bool:
        """Say whether an image that the engine finds by a reference is the one that it means."""

    @abstractmethod
    def pull(self, reference: str) -> Iterable[Told]:
        """Get an image from its registry, and yield what the engine tells meanwhile."""

    @abstractmethod
    def progress(self, told: Told) -> str:
        """Return what a line of a pull says to a user, empty where that is nothing."""

    @abstractmethod
    def stored(self, artifact: Artifact) -> str:
        """Return the name or id of an image on disk that the engine has already, or nothing."""

    @abstractmethod
    def load(self, archive: Iterator[bytes], name: str) -> None:
        """Load an image that is called `name`."""

    def reads_zstd(self) -> bool:
        """Say whether the engine unpacks layers that are compressed with zstd."""
        return False

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """Return what the engine calls an image, which it gets unless it has it."""
        if artifact.path:
            return self._loaded(artifact, artifact.path, say)
        return self._pulled(artifact.reference, pull, say)

    def find(self, name: str) -> Image | None:
        """Return an image by name or id, None where the engine has none such."""
        try:
            return self.inspect(name)
        except self.absent:
            return None

    def config(self, image: str) -> dict[str, Any]:
        """Return the configuration of an image that the engine has."""
        config: dict[str, Any] = self.inspect(image).attrs.get("Config") or {}
        return config

    def ports(self, plan: Plan, image: str) -> list[int]:
        """Return the ports of a plan's services, or those that the image says it serves."""
        if not plan.exposed:
            return [service.port for service in plan.services]
        return image_ports.exposed_tcp(list(self.config(image).get("ExposedPorts") or {}))

    def known_name(self, artifact: Artifact) -> str:
        """Return what the engine calls an image, empty where it cannot get it for itself."""
        return self.stored(artifact) if artifact.path else artifact.reference

    def _loaded(self, artifact: Artifact, path: Path, say: Say) -> str:
        if name := self.stored(artifact):
            return name
        from abcd_run.oci.archive import stream_archive  # noqa: PLC0415  (most are loaded already)

        with _loading(artifact, into=self.engine, say=say):
            if name := self.stored(artifact):
                return name
            image = on_disk(path, artifact.reference)
            archive = stream_archive(image, artifact.name, keep_zstd=self.reads_zstd())
            self.load(archive, artifact.name)
        return artifact.name

    def _pulled(self, reference: str, pull: str, say: Say) -> str:
        """Return the id of an image from a registry, or that is here under its name."""
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
        """Return the id of the image that a reference means, empty if the engine has none such.

        Raises `ArtifactError` where that has variables which are none.
        """
        image = self.find(reference)
        if image is None or not self.means(reference, image):
            return ""
        variables.of_image((image.attrs.get("Config") or {}).get("Env") or [], reference)
        return str(image.id)

    def _pull(self, reference: str, say: Say) -> None:
        say(f"pulling {reference}")
        for told in self.pull(reference):
            if failure := told.get("error"):
                raise refusals.not_pulled(reference, failure, engine=self.engine)
            if progress := self.progress(told):
                say(f"pulling {reference}: {progress}")


@contextmanager
def _loading(artifact: Artifact, *, into: str, say: Say) -> Iterator[None]:
    """Let one launch of this user's load an image into an engine; the others wait to find it there.

    Raises `Interrupted`, or `ArtifactError` where the cache cannot be written.
    """

    def waiting(_: Path) -> None:
        say(f"waiting for another launch to load {artifact.name}")

    # Nothing is written there: it is the lock that is wanted.
    name = f"{into}-{artifact.id or artifact.name}".replace("/", "-")
    with part_of(xdg.cache() / "load" / name, waiting=waiting):
        say(f"loading {artifact.name} into {into}")
        yield


def on_disk(path: Path, reference: str) -> "OciImage":
    """Return the image in a file, a layout or the local store. Raises `ArtifactError`."""
    from abcd_run.oci.reader import open_image  # noqa: PLC0415  (images from registries need none)
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
