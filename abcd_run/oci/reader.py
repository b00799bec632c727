"""Open an image on disk: an OCI layout, an OCI archive or a docker archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.oci import parse
from abcd_run.oci.blobs import Layout, small
from abcd_run.oci.manifests import REMEDY, from_index

if TYPE_CHECKING:
    from abcd_run.oci.interfaces import Source
    from abcd_run.oci.model import Descriptor, Image


def open_image(
    path: Path | str, reference: str | None = None, *, architecture: str | None = None
) -> Image:
    """Open the image called `reference`, or the only image, for this machine or `architecture`."""
    path = Path(path)
    try:
        if path.is_dir():
            return open_layout(path, reference, architecture=architecture)
        from abcd_run.oci.archived import open_archive  # noqa: PLC0415 - a layout needs none of it

        return open_archive(path, reference, architecture=architecture)
    except ArtifactError as error:
        # An error from deep inside knows neither the file nor a remedy.
        if str(path) not in error.message:
            error.message = f"{path}: {error.message}"
        error.remedy = error.remedy or "get the image again"
        raise


def open_layout(
    path: Path, reference: str | None = None, *, architecture: str | None = None
) -> Image:
    """Open an image in an OCI layout directory."""
    index = path / "index.json"
    try:
        data = small(index)
    except OSError as error:
        raise ArtifactError(f"{path}: not an image", details=str(error), remedy=REMEDY) from error
    return from_index(Layout(path), data, reference, architecture=architecture)


def entries_of(path: Path) -> tuple[Source, tuple[Descriptor, ...]]:
    """Open a layout or an archive, and return what its index names; nothing without an index."""
    from abcd_run.oci.archived import opened  # noqa: PLC0415 - a layout needs none of it

    if path.is_dir():
        source: Source = Layout(path)
        data = small(path / "index.json") if (path / "index.json").is_file() else b""
    else:
        source, data = opened(path)
    if not data:
        return source, ()
    top = parse.document(data, path, "index.json")
    return source, parse.descriptors(top.get("manifests"), path)
