"""`images`: what can be launched by name."""

from abcd_run import report, target
from abcd_run.catalogue import Catalogue, Unreadable
from abcd_run.commands import options
from abcd_run.errors import Failure
from abcd_run.profile import Profile
from abcd_run.visible import visible


def images(
    *,
    tree: options.Tree = False,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List the images that can be launched by name.

    \b
    abcd-run images
    abcd-run images --tree
    """
    entries = Catalogue.usual(profiles).all()
    found = [entry for entry in entries if isinstance(entry, Profile)]
    bad = [entry for entry in entries if isinstance(entry, Unreadable)]
    sources = {one.name: _sources(one) for one in found}
    if as_json:
        documents = [_document(one, sources[one.name]) for one in found]
        errors = [report.error(Failure(one.error, name=one.name)) for one in bad]
        report.print_json({"images": documents, "errors": errors})
    elif tree:
        _print_tree(found)
    else:
        rows = [_row(one, sources[one.name]) for one in found]
        report.print_table(("IMAGE", "SUMMARY", "VARIANTS", "FROM"), rows)
    for entry in bad:
        report.print_error(entry.error)
    return 0


def _sources(profile: Profile) -> dict[str, str]:
    return {one.name: str(target.source(profile, one, target.stored)) for one in profile.variants}


def _document(profile: Profile, sources: dict[str, str]) -> report.Document:
    return {
        "name": profile.name,
        "summary": profile.summary,
        "parent": profile.parents[0] if profile.parents else None,
        "lineage": list(profile.parents),
        "variants": [
            {"name": one.name, "kind": str(one.kind), "source": sources[one.name]}
            for one in profile.variants
        ],
        "unverified": profile.unverified,
        "profile": profile.origin,
    }


def _row(profile: Profile, sources: dict[str, str]) -> tuple[str, ...]:
    origins = dict.fromkeys(source.partition(" ")[0] for source in sources.values())
    unverified = " (unverified)" if profile.unverified and "registry" in origins else ""
    variants = ", ".join(one.name for one in profile.variants)
    return profile.name, profile.summary, variants, ", ".join(origins) + unverified


def _print_tree(found: list[Profile]) -> None:
    def branch(parent: str | None, before: str) -> None:
        children = [one for one in found if (one.parents or (None,))[0] == parent]
        for one in children:
            last = one is children[-1]
            knot = "" if parent is None else ("└─ " if last else "├─ ")
            report.say(f"{before}{knot}{one.name}  {visible(one.summary)}")
            branch(one.name, before + ("" if parent is None else ("   " if last else "│  ")))

    branch(None, "")
