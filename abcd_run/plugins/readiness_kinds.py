"""Kinds of readiness from plug-ins: a profile's `[ready]` names one with `kind`.

A plug-in's entry point in the group `abcd_run.readiness` has its kind's name and names a `Kind`.
It is loaded when a profile, or an instance launched from one, asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from abcd_run import schema
from abcd_run.errors import ProfileError
from abcd_run.host import this_python
from abcd_run.model import Instance, Ready, Stage
from abcd_run.plugins.entry_points import entries
from abcd_run.runtime import Option

GROUP = "abcd_run.readiness"


@dataclass(frozen=True, slots=True)
class Answer:
    """The stage that a look found, and what it saw, for the person who is waiting."""

    stage: Stage
    seen: str = ""


class Kind(Protocol):
    """A kind of readiness: `options` are the keys that `[ready.options]` may have."""

    options: Mapping[str, Option]

    def look(
        self, instance: Instance, options: Mapping[str, object], *, seconds: float
    ) -> "Answer":
        """Return the stage that an instance has reached, within `seconds`."""


def names() -> list[str]:
    """Return the kinds that plug-ins provide; imports nothing."""
    return sorted({one.name for one in entries(GROUP)})


def loaded(name: str) -> Kind:
    """Import a kind. Raises `LookupError` if it is not installed, or whatever its code raises."""
    named = [one for one in entries(GROUP) if one.name == name]
    if not named:
        raise LookupError(f"no readiness kind {name!r} is installed")
    return cast(Kind, named[0].load())


def check(ready: Ready, *, where: str) -> None:
    """Raise `ProfileError` for a kind that is not installed, or options it does not take."""
    if not ready.kind:
        return
    try:
        kind = loaded(ready.kind)
    except Exception as error:
        raise ProfileError(
            f"{where}: ready.kind: {ready.kind!r} cannot be used: {error}",
            details=f"installed kinds: {', '.join(names()) or 'none'}",
            remedy=schema.did_you_mean(
                ready.kind, names(), this_python.install(f"abcd-run-{ready.kind}")
            ),
        ) from error
    shape = {key: option.rule for key, option in kind.options.items()}
    schema.check(ready.options, shape, where=where, path="ready.options.")
