"""Images of containers: what backends for OCI engines do with them alike."""

from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.host import xdg

if TYPE_CHECKING:
    from abcd_run.oci.model import Image


def on_disk(path: Path, reference: str) -> "Image":
    """Return the image in a file, a layout or the local store. Raises `ArtifactError`."""
    from abcd_run.oci.reader import open_image  # noqa: PLC0415  (images from registries need none)
    from abcd_run.oci.store import Store  # noqa: PLC0415

    if path != xdg.store():
        return open_image(path, reference or None)
    image = Store(path).resolve(reference)
    if image is None:
        raise ArtifactError(
            f"{reference} is not whole in {path}",
            remedy="type it again: what was wrong has been removed, and is built or fetched anew",
        )
    return image
