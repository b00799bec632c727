"""`images`: list what can be launched by name."""

from abcd_run.commands import options
from abcd_run.images.profile import Profile
from abcd_run.report import for_people, for_scripts, streams
from abcd_run.session import Image, Session
from abcd_run.visible import visible


def images(
    *, tree: options.Tree = False, profiles: options.Profiles = None, as_json: options.Json = False
) -> int:
    """List the images that can be launched by name.

    \b
    abcd-run images
    abcd-run images --tree
    """
    with Session(profiles=profiles) as lab:
        listed = lab.images()
    if as_json:
        documents = [_document(one) for one in listed.images]
        errors = [for_scripts.error(failure) for failure in listed.errors]
        for_scripts.print_json({"images": documents, "errors": errors})
    elif tree:
        _print_tree([one.profile for one in listed.images])
    else:
        rows = [_row(one) for one in listed.images]
        for_people.print_table(("IMAGE", "SUMMARY", "VARIANTS", "FROM"), rows)
    for failure in listed.errors:
        for_people.print_error(failure.error)
    return 0


def _document(image: Image) -> for_scripts.Document:
    profile = image.profile
    return {
        "name": profile.name,
        "summary": profile.summary,
        "parent": profile.parents[0] if profile.parents else None,
        "lineage": list(profile.parents),
        "variants": [
            {"name": one.name, "kind": str(one.kind), "source": str(image.sources[one.name])}
            for one in profile.variants
        ],
        "unverified": profile.unverified,
        "profile": profile.origin,
    }


def _row(image: Image) -> tuple[str, ...]:
    origins = dict.fromkeys(str(source.origin) for source in image.sources.values())
    unverified = " (unverified)" if image.profile.unverified and "registry" in origins else ""
    variants = ", ".join(one.name for one in image.profile.variants)
    return image.name, image.summary, variants, ", ".join(origins) + unverified


def _print_tree(profiles: list[Profile]) -> None:
    def branch(parent: str | None, before: str) -> None:
        children = [one for one in profiles if (one.parents or (None,))[0] == parent]
        for one in children:
            last = one is children[-1]
            knot = "" if parent is None else ("└─ " if last else "├─ ")
            streams.say(f"{before}{knot}{one.name}  {visible(one.summary)}")
            branch(one.name, before + ("" if parent is None else ("   " if last else "│  ")))

    branch(None, "")
