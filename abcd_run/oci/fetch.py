"""Images from registries, fetched into the local store by skopeo."""

from abcd_run.errors import ArtifactError
from abcd_run.oci import registry
from abcd_run.oci.model import Image
from abcd_run.oci.reference import LOCAL
from abcd_run.oci.store import Store
from abcd_run.runtime import Say


def fetched(
    store: Store, reference: str, *, pull: str, plain_http: bool = False, say: Say
) -> Image:
    """Return a registry's image, fetched if the store lacks it or `pull` is "always".

    `plain_http` allows its registry to have no TLS. Raises `ArtifactError`.
    """
    image = store.resolve(reference)
    if image is None or pull == "always":
        _fetch(store, reference, pull=pull, plain_http=plain_http, say=say)
        image = store.resolve(reference)
    if image is None:
        raise ArtifactError(
            f"{reference}: the registry sent a different image",
            remedy=f"skopeo inspect docker://{reference}",
        )
    return image


def _fetch(store: Store, reference: str, *, pull: str, plain_http: bool, say: Say) -> None:
    if reference.startswith(LOCAL) or pull == "never":
        raise ArtifactError(
            f"there is no image {reference} here",
            details="it has not been built or fetched yet",
            remedy="abcd-run images shows what can be built; --pull missing fetches it",
        )
    store.check(reference)  # skopeo trusts the blobs that are already there
    with store.fetching(reference) as (folder, lock):
        blobs = ["--dest-shared-blob-dir", str(store.folder / "blobs")]
        plain = registry.source_options(reference, plain_http=plain_http)
        words = [*blobs, *plain, registry.address(reference), f"oci:{folder}:fetched"]
        doing = f"fetching {reference}"
        registry.copy(words, reference=reference, doing=doing, say=say, inherited=[lock])
