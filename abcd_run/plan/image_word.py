"""What IMAGE on the command line stands for."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.backend.image_ports import exposed_services, exposed_tcp
from abcd_run.errors import ArtifactError, NoRuntime, UsageError
from abcd_run.host import xdg
from abcd_run.images import profile, recipe
from abcd_run.images.catalogue import Catalogue
from abcd_run.images.profile import Profile, Variant, variant_name
from abcd_run.images.profile_keys import REFERENCE_PATTERN
from abcd_run.model import Kind, Origin, Ready, Recipe, Service, Source
from abcd_run.oci.reference import pinned
from abcd_run.oci.reference_parts import is_loopback, registry
from abcd_run.plan.target import Target
from abcd_run.runtime import Say

if TYPE_CHECKING:  # `images` makes no request, and a test limits its start-up
    from abcd_run.plan.request import Request

Stored = Callable[[str], Mapping[str, str] | None]
"""Returns the labels of an image in the local store, or None if it is not there."""

_REFERENCE = re.compile(REFERENCE_PATTERN)


def _silently(_: str) -> None:
    """Tell nobody."""


def resolve(
    request: "Request", catalogue: Catalogue, *, more: Iterable[str] = (), say: Say = _silently
) -> Target:
    """Return what the request's image is: a profile, a variant, a file or a reference.

    `more` are more words to suggest when the image is unknown. `say` hears that a registry is
    asked what a reference is.
    """
    word = request.image
    if not word.strip():
        raise UsageError("the image's name is empty", remedy="abcd-run images")
    if word.endswith(".toml"):
        return _whole(catalogue.read(Path(word).expanduser(), request.changes))
    if catalogue.path(word):
        return _whole(catalogue.profile(word, request.changes))
    if (family := profile.variant_of(word)) and catalogue.path(family[0]):
        return _one(catalogue.profile(family[0], request.changes), family[1], word)
    if _is_path(word):
        return _file(_file_variant(word), request)
    if "/" in word or ":" in word or "@" in word:
        target = _reference(_reference_variant(word), request, say)
        return replace(target, notes=(*_note_on_file(word), *target.notes))
    error = catalogue.unknown(word, more=tuple(more))
    if _exists(word):
        error.remedy = f"abcd-run ./{word}, if you mean the file here"
    raise error


def is_unknown(word: str, catalogue: Catalogue) -> bool:
    """Say whether a word looks like the name of an image, and none is called so."""
    if word.endswith(".toml") or _is_path(word) or {"/", ":", "@"} & {*word}:
        return False
    family = profile.variant_of(word)
    return not (catalogue.path(word) or (family and catalogue.path(family[0])))


def _note_on_file(word: str) -> tuple[str, ...]:
    """Return the note that a word read as a reference is also the name of a file."""
    meant = f"there is a file {word} here, but the image of that name is used"
    return (f"{meant}: abcd-run ./{word} runs the file",) if _exists(word) else ()


def _whole(image: Profile) -> Target:
    if not image.variants:
        raise ArtifactError(
            f"{image.name} has no variants",
            remedy=f"add [abcdic] or [abcdik] to {image.origin}",
        )
    return Target(image, image.variants)


def _one(image: Profile, kind: Kind, word: str) -> Target:
    variants = tuple(variant for variant in image.variants if variant.kind is kind)
    if not variants:
        names = ", ".join(variant.name for variant in image.variants) or "none"
        raise ArtifactError(
            f"{image.name} has no variant {word}",
            details=f"its variants: {names}",
            remedy=f"abcd-run {image.name}",
        )
    return Target(image, variants)


def _is_path(word: str) -> bool:
    """Tell a file from a reference by the word alone: files here must not change what it means."""
    endings = (".tar", ".iso", ".tar.gz", ".tgz", ".tar.zst", ".oci")
    return word in {".", ".."} or word.startswith(("/", "./", "../", "~")) or word.endswith(endings)


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # the word is too long for a file name
        return False


def _file_variant(word: str) -> Variant:
    path = Path(word).expanduser().absolute()
    if not _exists(str(path)):
        raise ArtifactError(f"{word}: no such file", remedy=f"ls -l {path.parent}")
    if not path.is_file() and (path.suffix == ".iso" or not path.is_dir()):
        raise ArtifactError(
            f"{word}: neither a file nor an OCI layout folder", remedy=f"ls -ld {path}"
        )
    name = re.sub(r"[^a-z0-9]+", "-", path.name.split(".")[0].lower()).strip("-") or "image"
    if path.suffix == ".iso":
        return Variant(Kind.LIVE, name, iso=str(path))
    return Variant(Kind.CONTAINER, name, archive=path)


def _reference_variant(word: str) -> Variant:
    match = _REFERENCE.fullmatch(word)
    if match is None:
        raise UsageError(
            f"{word!r} is not an image reference",
            remedy="write it as registry/name:tag or name@sha256:DIGEST, in lower case",
        )
    name = re.sub(r"[^a-z0-9]+", "-", match["path"].rpartition("/")[2])
    whole = word if match["tag"] or match["digest"] else f"{word}:latest"
    return Variant(Kind.CONTAINER, name, image=whole)


def _file(variant: Variant, request: "Request") -> Target:
    if variant.archive is None:
        return _adhoc(variant, request)
    from abcd_run.artifact import family  # noqa: PLC0415  (`images` needs neither)
    from abcd_run.plan import family_word  # noqa: PLC0415

    known = family.in_file(variant.archive)
    return family_word.target(known, request, variant) if known else _adhoc(variant, request)


def _reference(variant: Variant, request: "Request", say: Say) -> Target:
    """Return a registry's family if the reference names one, or else the image for containers."""
    if not registry(variant.image):  # what a short name means is the engines' business
        return _adhoc(variant, request)
    from abcd_run.artifact import family  # noqa: PLC0415  (`images` needs none of them)
    from abcd_run.oci.registry import NoSkopeo, Unknown  # noqa: PLC0415
    from abcd_run.plan import family_word  # noqa: PLC0415

    here, plain = is_loopback(variant.image), request.plain_http
    variant = replace(variant, fetched=plain, plain_http=plain)
    try:
        known = family.behind(variant.image, pull=request.pull, plain_http=plain, say=say)
    except Unknown as error:  # an engine may have it, or know another way to it
        if error.answered and (here or plain):
            raise
        target = replace(_adhoc(variant, request), unanswered=error)
        expected = request.pull == "never" or isinstance(error, NoSkopeo)
        return target if expected else replace(target, notes=(_taken(error),))
    if known:
        return family_word.target(known, request, variant)
    return _adhoc(replace(variant, fetched=here or plain), request)


def _taken(error: ArtifactError) -> str:
    """Return the note that a reference may be more than it is taken for."""
    return f"{error.message}: it is taken for a plain container image"


def _adhoc(variant: Variant, request: "Request") -> Target:
    adhoc = profile.build(variant.name, request.changes, origin=request.image)
    services = adhoc.services or exposed_services(_exposed_ports(variant))
    image = replace(adhoc, variants=(variant,), services=services)
    if not (adhoc.ready.service or adhoc.ready.console):
        image = replace(image, ready=lenient(services, adhoc.ready.timeout))
    return Target(image, (variant,), exposed=not services and bool(variant.image), adhoc=True)


def _exposed_ports(variant: Variant) -> list[int]:
    if variant.archive is None:
        return []
    from abcd_run.oci.reader import open_image  # noqa: PLC0415  (only files need it)

    return exposed_tcp(open_image(variant.archive).config.ports)


def lenient(services: tuple[Service, ...], timeout: float) -> Ready:
    """Return the readiness of an image without a profile: its first page or port answers."""
    ranked = sorted(services, key=lambda service: not service.open)
    return Ready(service=ranked[0].name if ranked else "", timeout=timeout, lenient=True)


def source(image: Profile, variant: Variant, stored: Stored, *, fresh: bool = True) -> Source:
    """Return where a variant comes from.

    An image that is already here wins over one that must be fetched; but with `fresh`, not over a
    recipe that has changed since.
    """
    local = f"localhost/{variant.name}:latest"
    if variant.iso:
        return Source(Origin.ISO, variant.iso, variant.name, variant.sha256, variant.installs)
    if variant.archive:
        own, digest = _name_of_file(image, variant), variant.digest
        return Source(Origin.FILE, str(variant.archive), own, digest=digest)
    if variant.fetched:
        from abcd_run.oci.fetched import local_name  # noqa: PLC0415  (`images` lists none)

        own, plain = local_name(variant.name, variant.image), variant.plain_http
        return Source(Origin.REGISTRY, variant.image, own, fetched=True, plain_http=plain)
    if pinned(variant.image) or _is_foreign(image, variant):
        return Source(Origin.REGISTRY, variant.image, local)
    # A profile that names an image wants that one, not an ancestor's.
    names = (image.name,) if variant.image else (image.name, *image.parents)
    if here := _stored_or_built(image, names, variant.kind, stored, fresh=fresh):
        return here
    return Source(Origin.REGISTRY, variant.image or local, local)


def _stored_or_built(
    image: Profile, names: tuple[str, ...], kind: Kind, stored: Stored, *, fresh: bool
) -> Source | None:
    """Return where a variant of the first of these names is: in the local store, or a recipe.

    `names` are the image's own and its ancestors': without a recipe of its own, an image runs its
    parent's image with its own settings.
    """
    for name in names:
        wanted = next((one for one in image.recipes if one.image == name), None)
        from_recipe = recipe.has(wanted, kind)
        variant = variant_name(name, kind)
        local = f"localhost/{variant}:latest"
        labels = stored(variant)
        stale = labels is not None and from_recipe and _outdated(labels, wanted, kind)
        if labels is not None and not (fresh and stale):
            return Source(Origin.STORE, variant, local, stale=stale)
        if wanted and from_recipe:
            return Source(Origin.RECIPE, str(wanted.folder), local, recipe=wanted)
        if wanted:  # it has layers of its own, which an ancestor's variant would lack
            return None
    return None


def _is_adhoc(image: Profile, variant: Variant) -> bool:
    """Say whether the profile was made up for a file or a reference."""
    return image.name == variant.name


def _is_foreign(image: Profile, variant: Variant) -> bool:
    """Say whether the user named an image that no local image may stand in for."""
    local = {f"localhost/{variant.name}:latest", f"{variant.name}:latest"}
    return _is_adhoc(image, variant) and variant.image not in local


def _name_of_file(image: Profile, variant: Variant) -> str:
    """Return what engines call an image from a file: a name that no reference can mean.

    If nginx.tar were loaded as localhost/nginx, a later `nginx` would find it: Podman matches that
    to every name that ends in /nginx.
    """
    strange = _is_adhoc(image, variant) or variant.digest
    name = f"file-{variant.name}" if strange else variant.name
    return f"localhost/{name}:latest"


def _outdated(labels: Mapping[str, str], wanted: Recipe | None, kind: Kind) -> bool:
    """Say whether an image was built from a different recipe; one not built here has no label."""
    built_from = labels.get(recipe.LABEL)
    return bool(wanted and built_from and built_from != recipe.digest(wanted, kind))


def none_takes(target: Target, runtime: str, takes: str) -> NoRuntime:
    """Return the error for a runtime that takes none of the target's variants."""
    if target.unanswered:
        return NoRuntime(
            f"{runtime} cannot run a container image, and {target.profile.origin} may be no other:"
            f" {target.unanswered.message}",
            details=target.unanswered.details,
            remedy=target.unanswered.remedy,
        )
    names = ", ".join(variant.name for variant in target.variants)
    return NoRuntime(
        f"{runtime} cannot run {names}",
        details=f"{runtime} takes {takes}",
        remedy=f"abcd-run {target.profile.name}, or abcd-run runtimes to see what each takes",
    )


def stored(name: str) -> Mapping[str, str] | None:
    """Return the labels of an image in the user's local store, or None if it is not there."""
    folder = xdg.store()
    try:
        (folder / "index.json").stat()
    except FileNotFoundError:
        return None
    from abcd_run.oci.store import Store  # noqa: PLC0415  (4 ms that an empty store does not need)

    image = Store(folder).resolve(f"localhost/{name}:latest")
    return image.config.labels if image else None
