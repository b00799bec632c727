"""The format `crate`, made of variants for containers: a file that names an image."""

from pathlib import Path

from abcd_run.model import Artifact, Kind, Plan
from abcd_run.runtime import Say

kinds = (Kind.CONTAINER,)


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Return the crate of a plan."""
    say("packing")
    return planned(plan)


def planned(plan: Plan) -> Artifact:
    """Return the crate; there is nothing to build."""
    return Artifact("crate", plan.source.name, reference=plan.source.location)


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write a crate into a file."""
    say("packing")
    out.write_text(f"crate of {plan.source.location}\n")
