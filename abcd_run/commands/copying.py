"""`cp`: copy files and folders into an instance, and out of it."""

from itertools import groupby
from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.report import for_people, for_scripts
from abcd_run.session import Copied, Session
from abcd_run.transfer import places
from abcd_run.units import format_size

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def cp(
    *,
    words: options.Places,
    recursive: options.Recursive = False,
    user: options.User = None,
    most: options.Most = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Copy files and folders into an instance, and out of it.

    \b
    abcd-run cp thesis.tex figures abcd4demo-podman-1:work/
    abcd-run cp abcd4demo-podman-1:results .
    abcd-run cp --user root NAME:/var/log/messages messages.txt

    One side is NAME:PATH; a relative PATH begins at the home of the user inside. Into DEST if it is
    a folder, else as DEST. Folders are copied whole; modes, times and links are kept.
    """
    del recursive
    sources, to = places.sides(words)
    asked = options.split(on)
    with Display(quiet=quiet) as shown, Session(progress=shown) as lab:
        if to.name:
            paths = [one.path for one in sources]
            copied = lab.copy_in(to.name, paths, to.path, user=user, on=asked)
        else:
            copied = Copied()
            whole = f"{to.path}/" if len(sources) > 1 else to.path
            for name, some in groupby(sources, lambda one: one.name):
                paths = [one.path for one in some]
                copied += lab.copy_out(name, paths, whole, user=user, most=most, on=asked)
    _print(copied, as_json=as_json, quiet=quiet)
    return 0


def _print(copied: Copied, *, as_json: bool, quiet: bool) -> None:
    left = list(copied.left_out)
    if as_json:
        facts: documents.CopiedFiles = {
            "files": copied.files, "bytes": copied.bytes, "left_out": left,
        }  # fmt: skip
        document: documents.Copied = {"copied": facts, "errors": []}
        for_scripts.print_json(document)
    elif not quiet:
        files = "1 file" if copied.files == 1 else f"{copied.files} files"
        for_people.print_facts(f"copied {files}, {format_size(copied.bytes)}", {})
    if left and not quiet:
        for_people.print_notes([f"left out {one}" for one in left])
