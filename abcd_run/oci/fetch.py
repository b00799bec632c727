"""Images from registries, fetched into the local store by skopeo."""

from abcd_run.errors import ArtifactError
from abcd_run.host import programs
from abcd_run.oci.model import Image
from abcd_run.oci.reference import LOCAL
from abcd_run.oci.store import Store
from abcd_run.runtime import Say


def fetched(store: Store, reference: str, *, pull: str, say: Say) -> Image:
    """Return a registry's image, fetched if the store lacks it or `pull` is "always".

    Raises `ArtifactError`.
    """
    image = store.resolve(reference)
    if image is None or pull == "always":
        _fetch(store, reference, pull=pull, say=say)
        image = store.resolve(reference)
    if image is None:
        raise ArtifactError(
            f"{reference}: the registry sent a different image",
            remedy=f"skopeo inspect docker://{reference}",
        )
    return image


def _fetch(store: Store, reference: str, *, pull: str, say: Say) -> None:
    if reference.startswith(LOCAL) or pull == "never":
        raise ArtifactError(
            f"there is no image {reference} here",
            details="it has not been built or fetched yet",
            remedy="abcd-run images shows what can be built; --pull missing fetches it",
        )
    store.check(reference)  # skopeo trusts the blobs that are already there
    with store.fetching(reference) as (folder, lock):
        blobs = ["--dest-shared-blob-dir", str(store.folder / "blobs")]
        command = ["skopeo", "copy", *blobs, f"docker://{reference}", f"oci:{folder}:fetched"]
        programs.run(command, doing=f"fetching {reference}", say=say, inherited=[lock])
