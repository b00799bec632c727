"""Whether stopping an instance would lose what somebody made in it."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from abcd_run.backend import record
from abcd_run.errors import AbcdRunError
from abcd_run.host import bounded_output
from abcd_run.model import Instance
from abcd_run.session import inside
from abcd_run.session.lifecycle import chosen, each
from abcd_run.session.opened import Opened
from abcd_run.visible import visible

if TYPE_CHECKING:
    from abcd_run.session.opened import Which

SHOWN = 3
SECONDS = 5.0
"""How long an instance may take to say what is in its home; one that takes longer is not asked."""

MOST = 1 << 16
"""Bytes that it may say."""

LONGEST = 60
"""Characters of a file's name that are shown."""


class Unkept(NamedTuple):
    """An instance with files in its home that are kept nowhere else, and a few of their names.

    Nobody knows the names in an instance that has ended.
    """

    instance: Instance
    files: tuple[str, ...] = ()


def among(opened: Opened, which: Sequence["Which"], on: tuple[str, ...]) -> tuple[Unkept, ...]:
    """Return those instances, of all if none is named, whose stop would lose somebody's files."""
    if which:
        instances, _ = chosen(opened, which, on, doing="stop")
    else:
        instances, _ = opened.fleet().instances(on, detail=False)
    asked, _ = each(opened, instances, lambda one: _unkept(opened, one))
    return tuple(one for one in asked if one is not None)


def _unkept(opened: Opened, instance: Instance) -> Unkept | None:
    known = record.read(instance.labels)
    if known.home or not known.account or not instance.began:
        return None
    if not instance.running:
        return Unkept(instance)
    files = _new_files(opened, instance, known.age)
    return Unkept(instance, files) if files else None


def _new_files(opened: Opened, instance: Instance, age: float) -> tuple[str, ...]:
    """Return a few files that appeared in the home since the launch; hidden ones do not count."""
    minutes = int(age / 60) + 1
    script = f"cd && find . -type f ! -path '*/.*' -mmin -{minutes} | head -n {SHOWN}"
    try:
        line = inside.line(opened, instance, ["sh", "-c", script], user=None, tty=False)
        printed = bounded_output.printed(line, seconds=SECONDS, most=MOST)
    except (AbcdRunError, OSError, bounded_output.TooMuch):
        return ()
    names = printed.out.decode(errors="replace").splitlines()[:SHOWN]
    return tuple(visible(shlex.quote(name.removeprefix("./")))[:LONGEST] for name in names)
