"""The formats that artifacts have: those built in, and those that plug-ins bring.

A plug-in's entry point in the group `abcd_run.artifacts` is called as its format and names a
`Maker`: a module, or any object with its attributes. It is loaded when a runtime that takes the
format is considered, or the format itself is asked for, and must be cheap to import.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from abcd_run.errors import ArtifactError, UsageError
from abcd_run.model import FORMATS, Artifact, Format, Kind, Plan
from abcd_run.plugins.entry_points import entries
from abcd_run.runtime import Say
from abcd_run.schema import did_you_mean

GROUP = "abcd_run.artifacts"
MODULES: Mapping[str, str] = {
    Format.OCI: "abcd_run.artifact.oci_image",
    Format.LXD: "abcd_run.artifact.lxd_image",
    Format.ISO: "abcd_run.artifact.live_iso",
}


class Maker(Protocol):
    """What makes the artifacts of a format; all of it may raise `ArtifactError`.

    A plug-in's also has `kinds`, the kinds of variants that it makes artifacts of.
    """

    def artifact(self, plan: Plan, *, say: Say) -> Artifact:
        """Return the artifact of a plan, fetched, converted or built where it must be."""

    def planned(self, plan: Plan) -> Artifact:
        """Return what `artifact` would, as far as it is there without making anything."""

    def write(self, plan: Plan, out: Path, *, say: Say) -> None:
        """Write the artifact of a plan into a file."""


def known() -> list[str]:
    """Return the names of all formats; nothing is imported."""
    return [*MODULES, *sorted({one.name for one in entries(GROUP)} - set(MODULES))]


def check(form: str) -> None:
    """Raise `UsageError` for a format that nobody has brought."""
    if form not in known():
        listed = ", ".join(known())
        raise UsageError(
            f"there is no format {form!r}",
            details=f"known formats: {listed}",
            remedy=did_you_mean(form, known(), f"one of {listed}"),
        )


def kinds(form: str) -> tuple[Kind, ...]:
    """Return the kinds of variants that can become a format; none of one that nobody brought."""
    if form in MODULES:
        return tuple(kind for kind in Kind if form in FORMATS[kind])
    if form not in known():
        return ()
    return tuple(Kind(kind) for kind in getattr(maker(form), "kinds", ()))


def maker(form: str) -> Maker:
    """Return who makes a format: most launches need one. Raises `ArtifactError`."""
    if form in MODULES:
        return cast(Maker, importlib.import_module(MODULES[form]))
    named = [one for one in entries(GROUP) if one.name == form]
    if not named:
        raise ArtifactError(
            f"no plug-in makes artifacts of format {form}", remedy=f"pip install abcd-run-{form}"
        )
    try:
        return cast(Maker, named[0].load())
    except Exception as error:
        raise ArtifactError(
            f"the plug-in for format {form} is broken",
            details=f"{type(error).__name__}: {error}",
            remedy="tell its author, or uninstall it",
        ) from error
