"""`publish`: put all variants of an image and its profile behind one reference."""

from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.report import for_people, for_scripts
from abcd_run.session import Published, Session
from abcd_run.units import format_size

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def publish(
    *,
    image: options.Image,
    reference: options.Reference,
    plain_http: options.PlainHttp = False,
    sign_by: options.SignBy = "",
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Put all variants of IMAGE and its profile behind one REFERENCE.

    \b
    abcd-run publish abcd4demo registry.example/family/abcd4demo:1
    abcd-run publish abcd4demo oci-archive:abcd4demo.oci.tar
    abcd-run registry.example/family/abcd4demo:1      launches it, on any host
    abcd-run ./abcd4demo.oci.tar                      the same, without a network
    """
    with Display(quiet=quiet) as shown, Session(progress=shown, profiles=profiles) as lab:
        done = lab.publish(image, reference, plain_http=plain_http, sign_by=sign_by)
    if as_json:
        for_scripts.print_json(_document(done))
    elif not quiet:
        _print(image, done, plain_http=plain_http)
    return 0


def _document(done: Published) -> "documents.Published":
    variants: list[documents.PublishedVariant] = [
        {"name": one.name, "kind": one.kind, "digest": one.digest} for one in done.variants
    ]
    return {
        "published": {
            "reference": done.reference,
            "word": done.word,
            "pinned": done.pinned,
            "digest": done.digest,
            "variants": variants,
            "size": done.size,
            "uploaded": done.uploaded,
            "notes": list(done.notes),
        },
        "errors": [],
    }


def _print(image: str, done: Published, *, plain_http: bool) -> None:
    plain = "--plain-http " if plain_http else ""
    new = "" if done.uploaded is None else f"{format_size(done.uploaded)} of "
    facts = {
        "variants": ", ".join(one.name for one in done.variants),
        "uploaded" if new else "size": new + format_size(done.size),
        "launch": f"abcd-run {plain}{done.word}",
        "pinned": f"abcd-run {plain}{done.pinned}" if done.pinned else "",
    }
    for_people.print_facts(f"{image} is published as {done.reference}", facts)
