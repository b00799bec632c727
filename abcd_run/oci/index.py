"""Write manifests and index.json; replace index.json atomically."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from abcd_run.errors import ArtifactError
from abcd_run.oci import parse
from abcd_run.oci.blobs import small
from abcd_run.oci.model import INDEX, MANIFEST, REF_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from abcd_run.oci.model import Descriptor, Image

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the entries as the file has them; none if there is no file."""
    try:
        data = small(folder / "index.json")
    except FileNotFoundError:
        return []
    try:
        top = parse.document(data, folder, "index.json")
        parse.descriptors(top.get("manifests"), folder)
    except ArtifactError as error:
        error.remedy = f"rm -r {folder}, then build or pull its images again"
        raise
    return list(top["manifests"])


def write(folder: Path, entries: list[dict[str, Any]]) -> None:
    """Replace the index; a crash leaves either the old one or the new one."""
    _replace(folder / "oci-layout", LAYOUT)
    _replace(folder / "index.json", document(entries))


def document(entries: list[dict[str, Any]]) -> bytes:
    """Make an index.json."""
    top = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    return json.dumps(top, separators=(",", ":")).encode()


def manifest(config: Descriptor, layers: Iterable[Descriptor]) -> bytes:
    """Make an image manifest; the same blobs always give the same bytes."""

    def plain(blob: Descriptor) -> dict[str, object]:
        return {"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size}

    top = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": plain(config),
        "layers": [plain(layer) for layer in layers],
    }
    return json.dumps(top, separators=(",", ":")).encode()


def entry(image: Image, name: str) -> dict[str, Any]:
    """Make the entry that gives an image a name."""
    platform = {"architecture": image.config.architecture, "os": image.config.os or "linux"}
    return {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
        "annotations": {REF_NAME: name},
        **({"platform": platform} if image.config.architecture else {}),
    }


def name_of(item: dict[str, Any]) -> str | None:
    """Return an entry's name."""
    annotations = item.get("annotations")
    name = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else None


def _replace(file: Path, data: bytes) -> None:
    folder = file.parent
    part = folder / f".part-{file.name}-{os.getpid()}"
    try:
        with part.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ArtifactError(f"{file}: {error.strerror}", remedy=f"df -h {folder}") from error
