"""`images`: list what can be launched by name, and the family references known here."""

from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.errors import UsageError
from abcd_run.host import install
from abcd_run.report import for_people, for_scripts
from abcd_run.session import FamilyReference, Image, Images, Session

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.images.profile import Variant
    from abcd_run.report import documents


def images(
    *,
    tree: options.Tree = False,
    svg: options.Svg = None,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
) -> int:
    """List the images that can be launched by name.

    \b
    abcd-run images
    abcd-run images --tree                  with the layers that they share
    abcd-run images --tree --svg tree.svg   the family tree as a picture
    """
    with Session(profiles=profiles) as lab:
        listed = lab.images(layers=tree or bool(svg))
    if svg:
        _draw(listed, svg)
    if as_json:
        for_scripts.print_json(_whole(listed, tree=tree))
    elif svg:
        for_people.print_facts(f"the family tree is in {svg}", {})
    elif tree:
        _print_tree(listed)
    else:
        _print_rows(listed)
    for failure in listed.errors:
        for_people.print_error(failure.error)
    return 0


def _whole(listed: Images, *, tree: bool) -> "documents.Images":
    return {
        "images": [_document(one, tree=tree) for one in listed.images],
        "families": [_family(one) for one in listed.families],
        "errors": for_scripts.errors(listed.errors),
    }


def _document(image: Image, *, tree: bool) -> "documents.Image":
    profile = image.profile
    return {
        "name": profile.name,
        "summary": profile.summary,
        "parent": profile.parents[0] if profile.parents else None,
        "lineage": list(profile.parents),
        "variants": [_variant(image, one, tree=tree) for one in profile.variants],
        "unverified": profile.unverified,
        "profile": profile.origin,
    }


def _variant(image: Image, variant: "Variant", *, tree: bool) -> "documents.Variant":
    document: documents.Variant = {
        "name": variant.name,
        "kind": str(variant.kind),
        "source": str(image.sources[variant.name]),
    }
    if not tree:
        return document
    stored = image.layers.get(variant.name)
    if stored is None:
        return {**document, "layers": None, "shared": None, "own": None}
    layers: list[documents.Layer] = [
        {"digest": one.digest, "size": one.size, "shared_with": list(one.shared_with)}
        for one in stored.layers
    ]
    return {**document, "layers": layers, "shared": stored.shared, "own": stored.own}


def _family(one: FamilyReference) -> "documents.Family":
    return {
        "reference": one.reference,
        "image": one.image,
        "digest": one.digest,
        "variants": [{"name": name, "here": name in one.here} for name in one.variants],
    }


def _print_rows(listed: Images) -> None:
    rows = [_row(one) for one in listed.images]
    rows += [_family_row(one) for one in listed.families]
    for_people.print_table(("IMAGE", "SUMMARY", "VARIANTS", "FROM"), rows)
    if not install.BUILDS:
        for_people.print_notes(
            [f"what is not from an ISO is built on Linux: {install.elsewhere()}"]
        )


def _row(image: Image) -> tuple[str, ...]:
    origins = dict.fromkeys(str(source.origin) for source in image.sources.values())
    unverified = " (unverified)" if image.profile.unverified and "registry" in origins else ""
    variants = ", ".join(one.name for one in image.profile.variants)
    return image.name, image.summary, variants, ", ".join(origins) + unverified


def _family_row(one: FamilyReference) -> tuple[str, ...]:
    origin = "store" if set(one.here) == set(one.variants) else "registry"
    return one.reference, f"{one.image}, published", ", ".join(one.variants), origin


def _print_tree(listed: Images) -> None:
    from abcd_run.report import family_tree, streams  # noqa: PLC0415  (a plain list draws none)

    for line in family_tree.lines(listed.images):
        streams.say(line)


def _draw(listed: Images, file: Path) -> None:
    from abcd_run.report import family_svg, family_tree  # noqa: PLC0415

    try:
        file.write_text(family_svg.drawn(family_tree.nodes(listed.images)), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {file}: {error.strerror}", remedy="name another file with --svg"
        ) from error
