"""The user's home inside, kept in a folder of the host: which folder, and where it appears."""

import re
from dataclasses import replace
from pathlib import Path

from abcd_run.errors import UsageError
from abcd_run.host import xdg
from abcd_run.model import Plan, Share
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target

WITHOUT = "--no-home launches it with a home that goes with it"

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def share(request: Request, wanted: Target, *, usual: bool) -> Share | None:
    """Return the folder that is the home of a launch; None if the home goes with the instance.

    `usual` is the user's setting, for images that have a home. Raises `UsageError`.
    """
    inside = wanted.profile.homedir
    wish = usual and bool(inside) if wanted.profile.home is None else wanted.profile.home
    given = wish if request.home is None else request.home
    if not given:
        return None
    if not inside:
        raise UsageError(
            f"--home: nothing says where the home of {wanted.profile.name} is",
            remedy="--set homedir=/home/NAME, or --share DIR:/home/NAME",
        )
    return Share(_folder(given, wanted), inside)


def check_alone(home: Share | None, instances: int) -> None:
    """Raise `UsageError` if several instances would have the same home."""
    if home and instances > 1:
        raise UsageError(
            f"--home: {instances} instances cannot have one home at once",
            remedy=f"launch them one by one, each with its own --home=DIR; {WITHOUT}",
        )


def kept_by(plan: Plan, home: Share | None) -> Plan:
    """Return the plan with its home kept; first, because other shares may be in the home."""
    return replace(plan, home=home, shares=(home, *plan.shares)) if home else plan


def _folder(given: bool | Path, wanted: Target) -> Path:  # noqa: FBT001  (what the option is)
    if isinstance(given, Path):
        return _checked(given)
    if wanted.adhoc:
        # It chooses its own name: it might choose one whose home holds somebody's work.
        raise UsageError(
            f"--home: {wanted.profile.name} comes from elsewhere: say which folder it may have",
            remedy="--home=DIR",
        )
    return xdg.homes() / _PLAIN.sub("_", wanted.profile.name)


def _checked(folder: Path) -> Path:
    own = Path.home().resolve()
    if own.is_relative_to(folder.resolve()):
        # An image writes keys that may log in, and programs that start by themselves.
        raise UsageError(
            f"--home={folder}: that is your home on this host, or a folder above it",
            remedy="use a folder of its own: --home",
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--home={folder}: not a folder", remedy=f"--home={folder.parent}")
    return folder
