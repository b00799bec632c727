"""`pull` and `build`: get an image ready before its launch."""

from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.report import exit_status, for_people, for_scripts
from abcd_run.session import Session

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def pull(
    *,
    image: options.Image,
    on: options.Runtimes = None,
    plain_http: options.PlainHttp = False,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Fetch or build IMAGE now, so that a launch need not.

    \b
    abcd-run pull abcd4demo
    abcd-run pull --on docker docker.io/library/nginx:latest
    """
    with Display(quiet=quiet) as shown, Session(progress=shown, profiles=profiles) as lab:
        pulled = lab.pull(image, options.split(on), plain_http=plain_http)
    if as_json:
        document: documents.Pulled = {
            "pulled": [
                {"variant": one.variant, "runtime": one.runtime, "id": one.id}
                for one in pulled.images
            ],
            "errors": for_scripts.errors(pulled.errors),
        }
        for_scripts.print_json(document)
    elif not quiet:
        for one in pulled.images:
            for_people.print_facts(f"{one.runtime} has {one.variant}", {"id": one.id})
    return exit_status.status(pulled.errors, partly=True)


def build(
    *,
    image: options.Image,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Build IMAGE or one of its variants from its recipe.

    \b
    abcd-run build abcd4demo
    abcd-run build abcdic4demo
    """
    with Display(quiet=quiet) as shown, Session(progress=shown, profiles=profiles) as lab:
        names = lab.build(image)
    if as_json:
        document: documents.Built = {"built": list(names), "errors": []}
        for_scripts.print_json(document)
    else:
        for_people.print_facts(f"built {', '.join(names)}", {"launch": f"abcd-run {image}"})
    return 0
