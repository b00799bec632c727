"""The local store: one OCI layout shared by all of a user's images (skopeo: oci:FOLDER:NAME)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcd_run.errors import ArtifactError
from abcd_run.host.locks import held, locked
from abcd_run.host.part_file import helps
from abcd_run.oci import garbage, index, parse, select, spool
from abcd_run.oci.blobs import CorruptError, blob_name, digest_of, open_blob
from abcd_run.oci.healing import Kept
from abcd_run.oci.manifests import from_entries
from abcd_run.oci.model import CONFIG, INDEX, REF_NAME, Descriptor
from abcd_run.oci.reader import open_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Image
    from abcd_run.oci.spool import Readable

PART = ".part-"


class Store:
    """Images by name in an OCI layout; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """List the images' names."""
        named = {index.name_of(item) for item in index.read(self.folder)}
        return sorted(name for name in named if name)

    def resolve(self, name: str, *, architecture: str | None = None) -> Image | None:
        """Return the image with that name; None if it or one of its blobs is missing or bad.

        This checks only the sizes of layers; reading them checks the rest. A pinned name written
        here is trusted: its digest, which may be that of an index for several platforms, was
        verified when the image was fetched.
        """
        image, kept = self._described(name, architecture), Kept(self.folder)
        whole = image and all(kept.has(layer.blob) for layer in image.layers)
        return image if whole else None

    def check(self, name: str) -> None:
        """Read all blobs of an image, and remove bad ones."""
        image, kept = self._described(name, None), Kept(self.folder)
        for blob in referenced(image) if image else ():
            kept.is_whole(blob)

    def add(
        self,
        source: Path | Readable,
        name: str,
        *,
        reference: str | None = None,
        architecture: str | None = None,
    ) -> Image:
        """Import an image (a layout, an archive or an archive's stream) under a name."""
        with self.importing():
            if not isinstance(source, Path):
                with self._spooled(source) as file:
                    return self._add(open_image(file, reference, architecture=architecture), name)
            return self._add(open_image(source, reference, architecture=architecture), name)

    @contextmanager
    def importing(self) -> Iterator[int]:
        """Block `collect` while blobs are added; yield the lock's file descriptor.

        A program that inherits it blocks `collect` for as long as it lives, whatever happens to us.
        """
        with held(self.folder / ".lock-blobs", shared=True) as fd:
            yield fd

    @contextmanager
    def fetching(self, name: str) -> Iterator[tuple[Path, int]]:
        """Have another program fetch an image, which gets its name when the block ends.

        Yields a folder for its layout, whose blobs belong in this store's `blobs`, and a lock for
        the program to inherit. It must not write the store's index, or it would undo what others
        add meanwhile.
        """
        with self.receiving() as (folder, lock):
            yield folder, lock
            for item in index.read(folder)[-1:]:
                self.enter({**item, "annotations": {REF_NAME: name}}, name)

    @contextmanager
    def receiving(self) -> Iterator[tuple[Path, int]]:
        """Have another program fetch blobs as in `fetching`, without giving them a name."""
        with self.importing() as lock, self.part() as folder:
            folder.mkdir(mode=0o700)
            yield folder, lock

    def entries(self) -> tuple[Descriptor, ...]:
        """Return what the store's index names, unchecked; its annotations stay in this store."""
        return parse.descriptors(index.read(self.folder), self.folder)

    def enter_index(self, data: bytes, name: str, annotations: dict[str, str]) -> None:
        """Give an index a name; what it leads to is then kept, as far as it is here.

        The caller holds the lock of `importing`, if the blobs are new.
        """
        digest = digest_of(data)
        self.put_bytes(data, digest)
        given = {**annotations, REF_NAME: name}
        entry = {"mediaType": INDEX, "digest": digest, "size": len(data), "annotations": given}
        self.enter(entry, name)

    def remove(self, name: str) -> bool:
        """Forget a name and delete the blobs that no other image needs; tell whether it existed."""
        with self._changing():
            before = index.read(self.folder)
            after = [item for item in before if index.name_of(item) != name]
            if len(after) < len(before):
                index.write(self.folder, after)
        self.collect()
        return len(after) < len(before)

    def collect(self) -> int:
        """Delete unreferenced blobs and part-files; return the bytes freed.

        Nothing is deleted during an import. Age does not matter: a blob that has no name while
        nobody holds the lock will never get one.
        """
        with locked(self.folder / ".lock-blobs", wait=False) as alone:
            if not alone:
                return 0
            return garbage.delete(self.folder, self.entries(), f"{PART}*")

    def _changing(self) -> AbstractContextManager[bool]:
        return locked(self.folder / ".lock-index")

    def _add(self, image: Image, name: str) -> Image:
        for blob in referenced(image):
            self.put(image.source, blob)
        entry = index.entry(image, name)
        self.enter(entry, name)
        named = parse.descriptors([entry], self.folder)
        wanted = image.config.architecture or select.host_architecture()
        return from_entries(Kept(self.folder), named, wanted)

    def _described(self, name: str, architecture: str | None) -> Image | None:
        entries = self.entries()
        named = [entry for entry in entries if name in select.names(entry)]
        named = named or [e for e in entries if select.matches(name, select.names(e), e.digest)]
        if not named:
            return None
        wanted = architecture or select.host_architecture()
        try:
            return from_entries(Kept(self.folder), tuple(named), wanted)
        except CorruptError:
            return None

    def enter(self, entry: dict[str, Any], name: str) -> None:
        """Give a name to a manifest whose blobs are here, in place of what had it."""
        with self._changing():
            others = [item for item in index.read(self.folder) if index.name_of(item) != name]
            index.write(self.folder, [*others, entry])

    def put(self, source: Source, blob: Descriptor) -> None:
        """Copy a blob into the store unless it is here; the caller holds `importing`."""
        if Kept(self.folder).is_whole(blob):
            return
        file = self.folder / blob_name(blob.digest)
        reader = open_blob(source, blob)
        try:
            with self.part() as part:
                _copy(reader, part)
                file.parent.mkdir(parents=True, exist_ok=True)
                part.replace(file)
        finally:
            reader.close()

    def put_bytes(self, data: bytes, digest: str) -> None:
        """Write a blob that was made here; the caller holds `importing`."""
        file = self.folder / blob_name(digest)
        with self.part() as part:
            with part.open("xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            file.parent.mkdir(parents=True, exist_ok=True)
            part.replace(file)

    @contextmanager
    def _spooled(self, stream: Readable) -> Iterator[Path]:
        """Save a stream in a part-file, since its index may come last."""
        with self.part() as part:
            _copy(stream, part)
            yield part

    @contextmanager
    def part(self) -> Iterator[Path]:
        """Yield the path of a new part-file, which is gone at the end unless it was moved."""
        part = self.folder / f"{PART}{os.getpid()}-{os.urandom(6).hex()}"
        try:
            yield part
        except OSError as error:
            raise ArtifactError(
                f"{self.folder}: cannot write: {error.strerror}",
                remedy=helps(error, self.folder, "XDG_CACHE_HOME"),
            ) from error
        finally:
            garbage.remove(part)


def referenced(image: Image) -> tuple[Descriptor, ...]:
    """List an image's blobs once each, the manifest last."""
    config = Descriptor(CONFIG, image.config_digest, len(image.raw_config))
    manifest = Descriptor(image.media_type, image.digest, len(image.manifest))
    blobs = [config, *(layer.blob for layer in image.layers), manifest]
    return tuple({blob.digest: blob for blob in blobs}.values())


def _copy(stream: Readable, file: Path) -> None:
    with file.open("xb") as out:
        spool.copy(stream, out)
        os.fsync(out.fileno())
