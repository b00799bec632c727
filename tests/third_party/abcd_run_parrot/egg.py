"""The format `egg`, made of variants for browsers."""

from pathlib import Path

from abcd_run.model import Artifact, Kind, Plan
from abcd_run.runtime import Say

kinds = (Kind.BROWSER,)


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Return the egg of a plan."""
    say("laying")
    return planned(plan)


def planned(plan: Plan) -> Artifact:
    """Return the egg; there is nothing to build."""
    return Artifact("egg", plan.source.name, reference=plan.source.location)


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write an egg into a file."""
    say("laying")
    out.write_text(f"egg of {plan.variant}\n")
