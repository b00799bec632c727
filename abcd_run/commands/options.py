"""The options and words of all commands, each described once, and their completions.

Most are shared by several commands. Keeping all of them here has a second use: an option may come
before the command, and `first_word` must know whether it takes the next word.
"""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import typer
from typer.models import OptionInfo

from abcd_run.commands import offered

FILES = ("oci-archive:", "oci:")
"""What a family is published to beside registries."""


def number(text: str) -> float:
    """Read a number above 0; "inf" and "nan" are floats too, but mean nothing here."""
    try:
        read = float(text)
    except ValueError:
        read = 0
    # Written so that "nan" fails too: every comparison with it is false.
    if not 0 < read < float("inf"):
        raise typer.BadParameter(f"{text!r} is not a number above 0")
    return read


def split(given: list[str] | None) -> tuple[str, ...]:
    """Read `--on podman,docker --on lxd`."""
    if not given:
        return ()
    from abcd_run.plan.request import runtimes  # noqa: PLC0415  (start-up time is tested)

    return runtimes(given)


def complete_runtime(incomplete: str) -> list[str]:
    """Offer runtimes, even after a comma; imports no SDK."""
    from abcd_run.plugins.registry import ALL, AUTO, Registry  # noqa: PLC0415  (only for completion)

    before, comma, last = incomplete.rpartition(",")
    names = [AUTO, ALL, *Registry.installed().names()]
    named = before.split(",")
    return [before + comma + one for one in names if one.startswith(last) and one not in named]


def complete_instance(incomplete: str) -> list[str]:
    """Offer the names of the instances."""
    from abcd_run.plugins.fleet import Fleet  # noqa: PLC0415  (only for completion)
    from abcd_run.plugins.registry import Registry  # noqa: PLC0415

    with Fleet(Registry.installed()) as fleet:
        instances, _ = fleet.instances(detail=False)
    return [one.name for one in instances if one.name.startswith(incomplete)]


def complete_place(incomplete: str) -> list[str]:
    """Offer the instances as `NAME:`, for a word that cannot be a path of this host."""
    if ":" in incomplete or "/" in incomplete:
        return []
    return [f"{name}:" for name in complete_instance(incomplete)]


def complete_reference(incomplete: str) -> list[str]:
    """Offer the family references that are known here, and what begins a file's."""
    from abcd_run.oci import kept_families  # noqa: PLC0415  (only for completion)

    for begin in FILES:
        if incomplete.startswith(begin):
            return [begin + path for path in offered.paths(incomplete.removeprefix(begin))]
    return [one for one in (*kept_families.names(), *FILES) if one.startswith(incomplete)]


def complete_change(incomplete: str) -> list[str]:
    """Offer keys for `--set`, with their values if these are few."""
    from abcd_run.plan import shorthand  # noqa: PLC0415  (only for completion)
    from abcd_run.plugins.registry import Registry  # noqa: PLC0415

    return shorthand.complete(incomplete, Registry.installed())


# An option's help tells its default where it matters; the usage line explains words.
_option = partial(typer.Option, show_default=False)
_word = partial(typer.Argument, hidden=True)

# For every command, by `command.common`.
Json = Annotated[bool, _option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, _option("-q", "--quiet", help="Print no progress.")]
Verbose = Annotated[bool, _option("-v", "--verbose", help="Print details of errors.")]

# For several.
Image = Annotated[str, _word(metavar="IMAGE", autocompletion=offered.images)]
Name = Annotated[str, _word(metavar="NAME", autocompletion=complete_instance)]
Names = Annotated[list[str] | None, _word(metavar="NAME…", autocompletion=complete_instance)]
Runtimes = Annotated[
    list[str] | None,
    _option(
        "--on",
        metavar="RUNTIME[,…]",
        autocompletion=complete_runtime,
        help="Use only these runtimes.",
    ),
]
Profiles = Annotated[
    Path | None,
    _option(
        "--profiles",
        metavar="DIR",
        autocompletion=offered.folders,
        help="Also look for profiles here.",
    ),
]
Pull = Annotated[
    Literal["always", "missing", "never"],
    _option(
        "--pull",
        metavar="[always|missing|never]",
        help="When to fetch the image; 'never' needs no network.",
    ),
]
Timeout = Annotated[
    float | None,
    _option("--timeout", metavar="S", parser=number, help="Wait at most S seconds."),
]
User = Annotated[
    str | None,
    _option("--user", metavar="USER", help="Run as this user; default: the image's own."),
]

# For the launch.
Inside = Annotated[list[str] | None, _word(metavar="[-- COMMAND…]")]
Where = Annotated[
    list[str] | None,
    _option(
        "--on",
        metavar="RUNTIME[,…]",
        autocompletion=complete_runtime,
        help="Runtimes by name, auto (the best one here) or all (every usable one).",
    ),
]
Count = Annotated[int, _option("--count", metavar="N", min=1, max=999, help="Launch N on each.")]
Called = Annotated[
    str | None, _option("--name", metavar="NAME", help="Name it; default: IMAGE-RUNTIME-N.")
]
Memory = Annotated[str | None, _option("--memory", metavar="SIZE", help="Memory, such as 2GiB.")]
Cpus = Annotated[float | None, _option("--cpus", metavar="N", parser=number, help="Processors.")]
Address = Annotated[str, _option("--address", metavar="ADDR", help="Publish on this address.")]
Publish = Annotated[
    list[str] | None,
    _option(
        "--publish",
        metavar="SERVICE[=PORT]",
        autocompletion=offered.services,
        help="Publish a service, or a port inside, on this port; default: a free one.",
    ),
]
Shares = Annotated[
    list[str] | None,
    _option(
        "--share",
        metavar="DIR[:PATH][:ro]",
        autocompletion=offered.shares,
        help="Share a folder.",
    ),
]
Home = Annotated[
    str | None,
    _option(
        "--home",
        metavar="[DIR]",
        autocompletion=offered.folders,
        help="Keep the home on this host, in DIR or the image's usual folder.",
    ),
]
Keyboard = Annotated[
    str | None,
    _option(
        "--keyboard",
        metavar="LAYOUT",
        autocompletion=offered.keyboards,
        help="The keyboard inside, such as fr or ch(fr); default: this host's.",
    ),
]
Locale = Annotated[
    str | None,
    _option("--locale", metavar="LOCALE", help="The language inside, such as fr_FR.UTF-8."),
]
NoHome = Annotated[bool, _option("--no-home", help="Let the home go with the instance.")]
Env = Annotated[
    list[str] | None,
    _option("--env", metavar="K=V", help="Set a variable; K alone copies yours."),
]
PasswordFile = Annotated[
    Path | None,
    _option(
        "--password-file",
        metavar="FILE",
        autocompletion=offered.paths,
        dir_okay=False,
        help="Use the password in this file instead of a random one.",
    ),
]
Wait = Annotated[bool, _option("--wait/--no-wait", help="Wait until it is ready (default).")]
Open = Annotated[bool, _option("--open/--no-open", help="Open it once it is ready.")]
Changes = Annotated[
    list[str] | None,
    _option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=complete_change,
        help="Change a profile key.",
    ),
]
Rootful = Annotated[
    bool,
    _option(
        "--rootful",
        help="Allow root inside to be root of this host, and a profile's options "
        "to reach the host.",
    ),
]
DryRun = Annotated[
    bool, _option("--dry-run", help="Print the plan and the native command; launch nothing.")
]

PlainHttp = Annotated[
    bool,
    _option("--plain-http", help="Accept a registry without TLS; one on loopback needs no option."),
]

# Each for one other command.
SignBy = Annotated[
    str, _option("--sign-by", metavar="KEY", help="Sign it with this GPG key: its fingerprint.")
]
Reference = Annotated[str, _word(metavar="REFERENCE", autocompletion=complete_reference)]
Places = Annotated[list[str], _word(metavar="SRC… DEST", autocompletion=complete_place)]
Recursive = Annotated[
    bool,
    _option("-r", "--recursive", help="Accepted, as cp has it: folders are copied whole anyway."),
]
Most = Annotated[
    str | None,
    _option("--most", metavar="SIZE", help="Copy at most SIZE out of an instance; default: 64GiB."),
]
Line = Annotated[list[str], _word(metavar="-- CMD…")]
Follow = Annotated[bool, _option("-f", "--follow", help="Keep printing until it ends.")]
Everything = Annotated[bool, _option("--all", help="Stop every instance on every runtime.")]
Ended = Annotated[bool, _option("--ended", help="Also remove instances that have ended.")]
Yes = Annotated[bool, _option("-y", "--yes", help="Ask nothing.")]
Tree = Annotated[bool, _option("--tree", help="Show the images as a family tree.")]
Svg = Annotated[
    Path | None,
    _option(
        "--svg",
        metavar="F.svg",
        autocompletion=offered.paths,
        dir_okay=False,
        help="Draw the family tree into this file.",
    ),
]
Shell = Annotated[Literal["bash", "zsh", "fish"], _word(metavar="bash|zsh|fish")]
Install = Annotated[
    bool,
    _option("--install", help="Let every new shell of yours load it: add a line to its settings."),
]
Fitting = Annotated[str, _word(metavar="[IMAGE]", autocompletion=offered.images)]
Port = Annotated[
    int | None,
    _option(
        "--port",
        metavar="N",
        min=1,
        max=65535,
        help="The page's port; default: any free one.",
    ),
]
Each = Annotated[
    list[str] | None,
    _option(
        "--on",
        metavar="RUNTIME[,…]",
        autocompletion=complete_runtime,
        help="The runtimes to compare; default: all, that is every usable one.",
    ),
]
Keep = Annotated[bool, _option("--keep", help="Leave what was launched running.")]
Pictures = Annotated[
    Path | None,
    _option(
        "--pictures",
        metavar="DIR",
        autocompletion=offered.folders,
        file_okay=False,
        help="Write each screen's picture here, and what differs in red.",
    ),
]
InTab = Annotated[
    bool,
    _option("--tab", help="Show a machine's screen in the browser, until Ctrl-C."),
]
OpenWall = Annotated[bool, _option("--open/--no-open", help="Open it in the browser.")]
Form = Annotated[
    str,
    _option(
        "--to",
        metavar="oci|lxd|iso|site|ova|…",
        autocompletion=offered.formats,
        help="An OCI archive, a unified LXD image, a live ISO; a site that a browser boots from; "
        "a disk (raw, qcow2, vmdk, vhdx) or appliance (ova, vmx); netboot, kernel: no disk; "
        "or what a plug-in makes.",
    ),
]
Artifact = Annotated[
    Path,
    _option(
        "-o",
        "--output",
        metavar="FILE",
        autocompletion=offered.paths,
        help="The file to write; an old one is replaced once the new one is complete. A site "
        "and what needs no disk are new folders.",
    ),
]
Picture = Annotated[
    Path | None,
    _option(
        "-o",
        "--output",
        metavar="F.png",
        autocompletion=offered.paths,
        dir_okay=False,
        allow_dash=True,
        help="The file to write, or - for standard output; default: ./NAME.png.",
    ),
]


def first_word(args: list[str]) -> int | None:
    """Return the index of the first word that is neither an option nor an option's value."""
    return next(iter(plain_words(args)), None)


def plain_words(args: list[str]) -> list[int]:
    """Return the indexes of the words before `--` that are neither options nor their values."""
    valued = with_value()
    places, place = list[int](), 0
    while place < len(args) and args[place] != "--":
        if not args[place].startswith("-"):
            places.append(place)
        place += 2 if args[place] in valued else 1
    return places


def with_value() -> frozenset[str]:
    """Return the names of the options above that take the next word."""
    from abcd_run.commands import machine_options  # noqa: PLC0415  (which imports this module)

    every = (*globals().values(), *vars(machine_options).values())
    described = [get_args(one) for one in every if get_origin(one) is Annotated]
    # Until Typer reads a command, it keeps an annotated option's first name as the default.
    return frozenset(
        name
        for kind, option in described
        if isinstance(option, OptionInfo) and kind is not bool
        for name in (str(option.default), *(option.param_decls or ()))
    )
