"""Options that several commands share, and what the shell completes for them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from abcd_run.errors import UsageError


def number(text: str) -> float:
    """Read a number above 0; "inf" and "nan" are floats as well, and mean nothing here."""
    try:
        read = float(text)
    except ValueError:
        read = 0
    # Written so that "nan" is wrong, too: every comparison with it is false.
    if not 0 < read < float("inf"):
        raise click.BadParameter(f"{text!r} is not a number above 0")
    return read


F = TypeVar("F", bound=Callable[..., Any])

# fmt: off
VALUED = frozenset((
    "--on", "--count", "--name", "--memory", "--cpus", "--address", "--publish", "--share",
    "--env", "--password-file", "--timeout", "--pull", "--profiles", "--set", "--user",
    "--output", "-o", "--to", "--port",
))
# fmt: on
"""The options that take the next word as their value."""


def first_word(args: list[str]) -> int | None:
    """Return the place of the first word that is neither an option nor an option's value."""
    place = 0
    while place < len(args) and args[place] != "--":
        if not args[place].startswith("-"):
            return place
        place += 2 if args[place] in VALUED else 1
    return None


def complete_image(
    ctx: click.Context, param: click.Parameter | None, incomplete: str
) -> list[CompletionItem]:
    """Offer the images of the catalogue with their summaries, and the variants."""
    from abcd_run.catalogue import Catalogue, Unreadable  # noqa: PLC0415  (only for completion)
    from abcd_run.progress import visible  # noqa: PLC0415

    found = Catalogue.usual().all()
    profiles = [one for one in found if not isinstance(one, Unreadable)]
    items = [CompletionItem(one.name, help=visible(one.summary)) for one in profiles]
    items += [CompletionItem(variant.name) for one in profiles for variant in one.variants]
    return [item for item in items if item.value.startswith(incomplete)]


def complete_runtime(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer runtimes, also after a comma; no backend is imported."""
    from abcd_run.registry import Registry  # noqa: PLC0415  (only for completion)

    before, comma, last = incomplete.rpartition(",")
    names = ["auto", "all", *Registry.installed().names()]
    return [CompletionItem(before + comma + name) for name in names if name.startswith(last)]


def complete_instance(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of the instances."""
    from abcd_run.fleet import Fleet  # noqa: PLC0415  (only for completion)
    from abcd_run.registry import Registry  # noqa: PLC0415

    with Fleet(Registry.installed()) as fleet:
        instances, _ = fleet.instances(detail=False)
    return [CompletionItem(one.name) for one in instances if one.name.startswith(incomplete)]


def split(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Read `--on podman,docker --on lxd`."""
    from abcd_run.settings import split_runtimes  # noqa: PLC0415  (the start-up path is counted)

    runtimes = split_runtimes(value)
    if value and not runtimes:
        raise UsageError(f"--on {value[0]!r}: names no runtime", remedy="--on auto")
    return runtimes


on = click.option(
    "--on",
    metavar="RUNTIME[,…]",
    multiple=True,
    callback=split,
    shell_complete=complete_runtime,
    help="Only these runtimes.",
)
json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Print details of what goes wrong.")
pull = click.option(
    "--pull",
    type=click.Choice(["always", "missing", "never"]),
    default="missing",
    help="When to fetch the image; never works without a network.",
)
profiles = click.option(
    "--profiles",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="One more folder of profiles.",
)
image = click.argument("image", metavar="IMAGE", shell_complete=complete_image)
name = click.argument("name", metavar="NAME", shell_complete=complete_instance)
names = click.argument("names", metavar="NAME…", nargs=-1, shell_complete=complete_instance)


def common(function: F) -> F:
    """Give a command the options that all of them have."""

    @json
    @quiet
    @verbose
    @functools.wraps(function)
    def wrapped(*args: Any, verbose: bool, **kwargs: Any) -> Any:
        # -v is read where unexpected errors are printed, in `commands.run`.
        del verbose
        return function(*args, **kwargs)

    return wrapped  # type: ignore[return-value]
