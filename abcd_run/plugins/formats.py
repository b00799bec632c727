"""The formats of artifacts: the built-in ones, and those of plug-ins.

A plug-in's entry point in the group `abcd_run.artifacts` has its format's name and names a `Maker`:
a module, or any object with its attributes. It is loaded when a runtime that takes the format is
considered, or when the format itself is requested, and must be cheap to import.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from abcd_run.errors import ArtifactError, UsageError
from abcd_run.host import this_python
from abcd_run.model import DISKS, FORMATS, WITHOUT_DISK, Artifact, Format, Kind, Plan
from abcd_run.plugins.entry_points import entries
from abcd_run.runtime import Say
from abcd_run.schema import did_you_mean

GROUP = "abcd_run.artifacts"
MODULES: Mapping[str, str] = {
    Format.OCI: "abcd_run.artifact.oci_image",
    Format.LXD: "abcd_run.artifact.lxd_image",
    Format.ISO: "abcd_run.artifact.live_iso",
    Format.SITE: "abcd_run.artifact.site",
    **dict.fromkeys(DISKS, "abcd_run.artifact.disk_image"),
    **dict.fromkeys(WITHOUT_DISK, "abcd_run.artifact.without_disk"),
}


class Maker(Protocol):
    """Makes the artifacts of a format; every method may raise `ArtifactError`.

    A plug-in's maker also has `kinds`: the kinds of variants from which it makes artifacts. One may
    have `beside(plan, out)`: the names of files that belong beside the file `out`, which `write`
    makes as `companion(out, name)` (abcd_run/host/part_file.py). It is called first, and may raise.
    """

    def artifact(self, plan: Plan, *, say: Say) -> Artifact:
        """Return a plan's artifact, fetched, converted or built if necessary."""

    def planned(self, plan: Plan) -> Artifact:
        """Return what `artifact` would, as far as known without making anything."""

    def write(self, plan: Plan, out: Path, *, say: Say) -> None:
        """Write a plan's artifact to a file."""


def known() -> list[str]:
    """Return the names of all formats; imports nothing."""
    return [*MODULES, *sorted({one.name for one in entries(GROUP)} - set(MODULES))]


def check(form: str) -> None:
    """Raise `UsageError` for an unknown format."""
    if form not in known():
        listed = ", ".join(known())
        raise UsageError(
            f"there is no format {form!r}",
            details=f"known formats: {listed}",
            remedy=did_you_mean(form, known(), f"one of {listed}"),
        )


def kinds(form: str) -> tuple[Kind, ...]:
    """Return the kinds of variants that can become a format; none if it is unknown."""
    if form in MODULES:
        return tuple(kind for kind in Kind if form in FORMATS[kind])
    if form not in known():
        return ()
    return tuple(Kind(kind) for kind in getattr(maker(form), "kinds", ()))


def maker(form: str) -> Maker:
    """Return the maker of a format: most launches need only one. Raises `ArtifactError`."""
    if form in MODULES:
        return cast(Maker, importlib.import_module(MODULES[form]))
    named = [one for one in entries(GROUP) if one.name == form]
    if not named:
        raise ArtifactError(
            f"no plug-in makes artifacts of format {form}",
            remedy=this_python.install(f"abcd-run-{form}"),
        )
    try:
        return cast(Maker, named[0].load())
    except Exception as error:
        raise ArtifactError(
            f"the plug-in for format {form} is broken",
            details=f"{type(error).__name__}: {error}",
            remedy="report it to its author, or uninstall it",
        ) from error
