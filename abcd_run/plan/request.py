"""A person's request, parsed completely before anything is looked up.

One parser handles both the words of the command line and the values of a Python program.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, TypedDict

from abcd_run.errors import UsageError
from abcd_run.model import Share
from abcd_run.plan import arguments
from abcd_run.plan.arguments import Publish
from abcd_run.plugins.registry import AUTO, split_runtimes
from abcd_run.units import parse_size

LOOPBACK = "127.0.0.1"
MOST = 999
"""Most instances per runtime in one request."""

Pull = Literal["always", "missing", "never"]
PULLS = ("always", "missing", "never")


@dataclass(frozen=True, slots=True)
class Request:
    """What to launch; `None` and empty values leave the choice to the profile.

    `changes` are nested tables as in a profile; `timeout` is in seconds. `home` is the folder that
    keeps the user's home, True for the image's usual one. `keyboard` and `locale` are empty
    for this host's.
    """

    image: str
    on: tuple[str, ...] = (AUTO,)
    count: int = 1
    name: str = ""
    address: str = LOOPBACK
    publish: tuple[Publish, ...] = ()
    shares: tuple[Share, ...] = ()
    home: bool | Path | None = None
    keyboard: str = ""
    locale: str = ""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    password: str = field(default="", repr=False)
    command: tuple[str, ...] = ()
    pull: str = "missing"
    timeout: float = 0
    rootful: bool = False
    plain_http: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Wanted(TypedDict, total=False):
    """The keyword arguments of `parse`, which documents them."""

    on: str | Iterable[str]
    count: int
    name: str | None
    memory: str | int | None
    cpus: float | None
    address: str
    publish: arguments.Publishes
    shares: arguments.Shares
    home: bool | str | PathLike[str] | None
    keyboard: str | None
    locale: str | None
    env: arguments.Pairs
    set: arguments.Changes
    password: str | None
    password_file: str | PathLike[str] | None
    command: Iterable[str]
    pull: Pull
    timeout: float | None
    rootful: bool
    plain_http: bool


def parse(
    image: str | PathLike[str],
    *,
    on: str | Iterable[str] = (),
    count: int = 1,
    name: str | None = None,
    memory: str | int | None = None,
    cpus: float | None = None,
    address: str = LOOPBACK,
    publish: arguments.Publishes = (),
    shares: arguments.Shares = (),
    home: bool | str | PathLike[str] | None = None,
    keyboard: str | None = None,
    locale: str | None = None,
    env: arguments.Pairs = (),
    set: arguments.Changes = (),  # noqa: A002  (the option's name)
    password: str | None = None,
    password_file: str | PathLike[str] | None = None,
    command: Iterable[str] = (),
    pull: Pull = "missing",
    timeout: float | None = None,
    rootful: bool = False,
    plain_http: bool = False,
) -> Request:
    """Return the request made of words or ready values. Raises `UsageError`.

    `memory` is a size such as "1GiB", or bytes. `home` keeps the user's home on this host: in a
    folder, or with True in the usual one of the image; False overrules profile and settings.
    `keyboard`: layouts by X's names, "ch(fr),us". Without `on` the caller applies its default.
    """
    return Request(
        image=fspath(image),
        on=runtimes(on),
        count=_count(count),
        name=_name(name),
        address=address,
        publish=arguments.published(publish),
        shares=arguments.shares(shares),
        home=arguments.home(home),
        keyboard=arguments.keyboard(keyboard),
        locale=arguments.locale(locale),
        env=arguments.environment(env),
        password=_password(password, password_file),
        command=tuple(arguments.listed(command)),
        pull=_pull(pull),
        timeout=_above_0("timeout", timeout) or 0,
        rootful=rootful,
        plain_http=plain_http,
        changes=_changes(set, memory=memory, cpus=_above_0("cpus", cpus)),
    )


def runtimes(on: str | Iterable[str]) -> tuple[str, ...]:
    """Read `--on podman,docker --on lxd`; empty without `--on`. Raises `UsageError`."""
    given = arguments.listed(on)
    named = split_runtimes(given)
    if given and not named:
        raise UsageError(f"--on {given[0]!r}: names no runtime", remedy="--on auto")
    return named


def _count(count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= MOST:
        raise UsageError(f"--count {count}: not a number from 1 to {MOST}", remedy="--count 1")
    return count


def _name(given: str | None) -> str:
    if given == "":
        raise UsageError("--name '': the name is empty", remedy="use a-z, 0-9 and -")
    return given or ""


def _pull(given: str) -> str:
    if given not in PULLS:
        raise UsageError(f"--pull {given}: unknown", remedy=f"use one of {', '.join(PULLS)}")
    return given


def _above_0(option: str, given: float | None) -> float | None:
    # Written so that "nan" fails too: every comparison with it is false.
    if given is not None and not 0 < given < float("inf"):
        raise UsageError(f"--{option} {given}: not a number above 0", remedy=f"--{option} 1")
    return given


def _password(given: str | None, file: str | PathLike[str] | None) -> str:
    if file is not None:
        return arguments.password(Path(file))
    if given is not None and not arguments.is_password(given):
        raise UsageError(
            "the password must be one line of printable characters",
            remedy=f"use 1 to {arguments.LONGEST_PASSWORD} printable characters",
        )
    return given or ""


def _changes(
    given: arguments.Changes, *, memory: str | int | None, cpus: float | None
) -> dict[str, Any]:
    """Return the profile keys changed by `--set` and by the options that stand for some of them."""
    changes = arguments.changes(given)
    for option, value in (("memory", memory), ("cpus", cpus)):
        if value is not None:
            arguments.change(changes, f"resources.{option}", value, said=f"--{option}")
    if memory is not None:
        parse_size(str(memory))
        arguments.change(changes, "resources.tab", memory, said="--memory")
    return changes
