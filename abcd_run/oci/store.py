"""The local store: one OCI layout that all images of a user share (skopeo: oci:FOLDER:NAME)."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcd_run.errors import ArtifactError
from abcd_run.oci import index, parse, select, spool
from abcd_run.oci.blobs import Layout, blob_name, open_blob, read_blob
from abcd_run.oci.locks import locked
from abcd_run.oci.model import CONFIG, INDEXES, MANIFESTS, Descriptor
from abcd_run.oci.reader import from_entries, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Image
    from abcd_run.oci.spool import Readable

PART = ".part-"
GRACE = 3600.0  # seconds in which a blob may wait for its index entry (skopeo takes no lock)


class Store:
    """Images by name in an OCI layout; safe for several processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """List the images' names."""
        found = {index.name_of(item) for item in index.read(self.folder)}
        return sorted(name for name in found if name)

    def resolve(self, name: str, *, architecture: str | None = None) -> Image | None:
        """Return the image of that name, or None.

        A pinned name that was written here is believed: its digest, which may be that of an index
        for several platforms, was compared when the image was fetched.
        """
        entries = parse.descriptors(self._entries(), self.folder)
        named = [entry for entry in entries if name in select.names(entry)]
        named = named or [e for e in entries if select.matches(name, select.names(e), e.digest)]
        if not named:
            return None
        wanted = architecture or select.host_architecture()
        return from_entries(Layout(self.folder), tuple(named), wanted)

    def add(
        self,
        source: Path | Readable,
        name: str,
        *,
        reference: str | None = None,
        architecture: str | None = None,
    ) -> Image:
        """Import an image (layout, archive or stream of an archive) under a name."""
        with self.importing():
            if not isinstance(source, Path):
                with self._spooled(source) as file:
                    return self._add(open_image(file, reference, architecture=architecture), name)
            return self._add(open_image(source, reference, architecture=architecture), name)

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Keep `collect` away while somebody adds blobs, be it another program."""
        with locked(self.folder / ".lock-blobs", shared=True):
            yield

    def remove(self, name: str) -> bool:
        """Forget a name and delete the blobs that nobody else needs; tell whether it was there."""
        with self._changing():
            before = index.read(self.folder)
            after = [item for item in before if index.name_of(item) != name]
            if len(after) < len(before):
                index.write(self.folder, after)
        self.collect(grace=0)
        return len(after) < len(before)

    def collect(self, *, grace: float = GRACE) -> int:
        """Delete unreferenced blobs and part-files older than `grace` seconds; return the bytes.

        Nothing is deleted while somebody imports.
        """
        with locked(self.folder / ".lock-blobs", wait=False) as alone:
            if not alone:
                return 0
            needed = _needed(self.folder, parse.descriptors(self._entries(), self.folder))
            blobs = (self.folder / "blobs").glob("*/*")
            unneeded = [b for b in blobs if f"{b.parent.name}:{b.name}" not in needed]
            parts = self.folder.glob(f"{PART}*")
            return sum(_delete(file, time.time() - grace) for file in [*unneeded, *parts])

    def _entries(self) -> list[dict[str, Any]]:
        return index.read(self.folder)

    def _changing(self) -> AbstractContextManager[bool]:
        return locked(self.folder / ".lock-index")

    def _add(self, image: Image, name: str) -> Image:
        for blob in referenced(image):
            self._put(image.source, blob)
        entry = index.entry(image, name)
        with self._changing():
            others = [item for item in self._entries() if index.name_of(item) != name]
            index.write(self.folder, [*others, entry])
        named = parse.descriptors([entry], self.folder)
        wanted = image.config.architecture or select.host_architecture()
        return from_entries(Layout(self.folder), named, wanted)

    def _put(self, source: Source, blob: Descriptor) -> None:
        file = self.folder / blob_name(blob.digest)
        if file.exists() and file.stat().st_size == blob.size:
            return
        reader = open_blob(source, blob)
        try:
            with self._part() as part:
                _copy(reader, part)
                file.parent.mkdir(parents=True, exist_ok=True)
                part.replace(file)
        finally:
            reader.close()

    @contextmanager
    def _spooled(self, stream: Readable) -> Iterator[Path]:
        """Keep a stream in a part-file, since its index may come last."""
        with self._part() as part:
            _copy(stream, part)
            yield part

    @contextmanager
    def _part(self) -> Iterator[Path]:
        part = self.folder / f"{PART}{os.getpid()}-{os.urandom(6).hex()}"
        try:
            yield part
        except OSError as error:
            raise ArtifactError(
                f"{self.folder}: cannot write: {error.strerror}", remedy=f"df -h {self.folder}"
            ) from error
        finally:
            part.unlink(missing_ok=True)


def referenced(image: Image) -> tuple[Descriptor, ...]:
    """List an image's blobs, the manifest last; each once."""
    config = Descriptor(CONFIG, image.config_digest, len(image.raw_config))
    manifest = Descriptor(image.media_type, image.digest, len(image.manifest))
    blobs = [config, *(layer.blob for layer in image.layers), manifest]
    return tuple({blob.digest: blob for blob in blobs}.values())


def _needed(folder: Path, entries: tuple[Descriptor, ...]) -> set[str]:
    """Return every digest that the entries lead to; a broken manifest leads nowhere."""
    needed: set[str] = set()
    left = list(entries)
    while left:
        blob = left.pop()
        if blob.digest not in needed:
            needed.add(blob.digest)
            left += _named_in(blob, folder)
    return needed


def _named_in(blob: Descriptor, folder: Path) -> tuple[Descriptor, ...]:
    """Return what an index or a manifest names."""
    if blob.media_type not in INDEXES | MANIFESTS:
        return ()
    try:
        document = parse.document(read_blob(Layout(folder), blob), folder, blob.digest)
        if blob.media_type in INDEXES:
            return parse.descriptors(document.get("manifests"), folder)
        layers = parse.descriptors(document.get("layers") or [], folder)
        return parse.descriptor(document.get("config"), folder), *layers
    except ArtifactError:
        return ()


def _copy(stream: Readable, file: Path) -> None:
    with file.open("xb", buffering=0) as out:
        spool.copy(stream, out)


def _delete(file: Path, before: float) -> int:
    try:
        status = file.stat()
        if status.st_mtime > before:
            return 0
        file.unlink()
    except FileNotFoundError:
        return 0
    return status.st_size
