"""`screenshot`: save a picture of an instance's screen."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.errors import UsageError
from abcd_run.report import for_people, for_scripts
from abcd_run.session import Session

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def screenshot(
    *,
    name: options.Name,
    output: options.Picture = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Save a picture of an instance's screen.

    \b
    abcd-run screenshot abcd4demo-libvirt-1 -o screen.png
    """
    if as_json and str(output) == "-":
        raise UsageError(
            "standard output takes the document or the picture, not both",
            remedy="name a file with -o",
        )
    with Session() as lab:
        instance = lab.find(name, options.split(on))
        picture = lab.screenshot(instance)
    path = output or Path(f"{instance.name}.png")
    if str(path) == "-":
        sys.stdout.buffer.write(picture)
        return 0
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror}", remedy="name another file with -o"
        ) from error
    if as_json:
        document: documents.Screenshot = {
            "name": instance.name, "file": str(path.absolute()), "errors": [],
        }  # fmt: skip
        for_scripts.print_json(document)
    elif not quiet:
        for_people.print_facts(f"{instance.name}'s screen is in {path}", {})
    return 0
