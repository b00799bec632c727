"""Put the variants of an image and its profile where others can launch them, with skopeo."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.host import scratch, xdg
from abcd_run.host.part_file import part_of
from abcd_run.oci import bundle, registry
from abcd_run.oci.blobs import digest_of
from abcd_run.oci.healing import AGAIN
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image

PREFIX = "publish-"
"""Prefix of the folders in the cache's `publish` in which families are put together."""

_DONE = re.compile(r"(Upload of layer|Skipping blob) (sha256:[0-9a-f]{64}) (?:complete|\(already)")
"""What skopeo says about each blob, of all its lines only those for debugging."""


@dataclass(frozen=True, slots=True)
class Family:
    """An image's name, its variants by kind with the container's first, and its profile as TOML."""

    image: str
    variants: Sequence[tuple[str, "Image"]]
    profile: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """The digest of a family's index, and the bytes of its blobs.

    `uploaded` are the bytes that the registry did not have yet; None if skopeo did not say.
    """

    digest: str
    size: int
    uploaded: int | None


@dataclass(slots=True)
class Heard:
    """What skopeo said: which blobs it sent, and which were there already."""

    doing: str
    sizes: Mapping[str, int]
    say: Say
    uploaded: set[str] = field(default_factory=set[str])
    skipped: set[str] = field(default_factory=set[str])

    def __call__(self, line: str) -> None:
        """Hear one line, and say how far it is."""
        if match := _DONE.search(line):
            (self.uploaded if match[1].startswith("Upload") else self.skipped).add(match[2])
            done = len((self.uploaded | self.skipped) & self.sizes.keys())
            self.say(f"{self.doing}: {done} of {len(self.sizes)} blobs are there")

    @property
    def sent(self) -> int | None:
        """The bytes of the blobs that were sent, if anything is known."""
        if not self.uploaded | self.skipped:
            return None
        return sum(self.sizes.get(digest, 0) for digest in self.uploaded)


def to_registry(
    family: Family, reference: str, *, plain_http: bool, sign_by: str, say: Say
) -> Sent:
    """Push a family, with a signature of the index and each manifest if there is a key.

    Raises `ArtifactError`.
    """
    options = registry.target_options(reference, plain_http=plain_http)
    options += ["--sign-by", sign_by] if sign_by else []
    try:
        return _sent(family, registry.address(reference), say, options=options, reference=reference)
    except registry.Unknown:
        raise
    except ArtifactError as error:  # a blob is not what its digest says: it was ours
        bad = ", ".join(bundle.discard_damaged(family.variants))
        if not bad:
            raise
        raise ArtifactError(
            f"{family.image} is damaged in the local store: {bad}",
            details=error.details,
            remedy=AGAIN,
        ) from error


def to_layout(family: Family, folder: Path, *, say: Say) -> Sent:
    """Add a family to an OCI layout, which is made if it is not there."""
    return _sent(family, f"oci:{folder}", say)


def to_archive(family: Family, file: Path, *, say: Say) -> Sent:
    """Write a family into an OCI archive, which appears only once it is complete."""
    with part_of(file, waiting=lambda _: say(f"another process is writing {file.name}")) as part:
        part.empty()
        try:
            sent = _sent(family, f"oci-archive:{part.path}", say)
            part.finish()
        except BaseException:
            part.discard()
            raise
    return sent


def _sent(
    family: Family, target: str, say: Say, *, options: Sequence[str] = (), reference: str = ""
) -> Sent:
    """Copy a family, put together for this, to a target of skopeo's, a registry's or a file's."""
    sizes = bundle.sizes(family.variants, family.profile)
    heard = Heard(f"publishing {family.image}", sizes, say)
    say(heard.doing)
    with scratch.held(xdg.cache() / "publish", PREFIX) as folder:
        layout, told = folder / "family", folder / "digest"
        index = bundle.write(layout, family.image, family.variants, family.profile)
        words = ["--all", "--preserve-digests", "--digestfile", str(told), *options]
        words += [f"oci:{layout}", target]
        registry.copy(words, reference=reference, doing=heard.doing, say=heard, debug=True)
        _check(told, digest_of(index), target)
    return Sent(digest_of(index), sum(sizes.values()), heard.sent)


def _check(told: Path, digest: str, where: str) -> None:
    """Refuse an index that was changed on its way: its digest would pin something else."""
    if (got := told.read_text().strip()) != digest:
        raise ArtifactError(
            f"{where}: the index was changed on its way",
            details=f"expected {digest}, got {got}",
            remedy=f"skopeo inspect --raw {where}",
        )
