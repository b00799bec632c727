"""Where layers are made: the store, a private folder, and an engine if one is needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from abcd_run.build.engine import Engine
from abcd_run.build.stack import Step
from abcd_run.oci.store import Store
from abcd_run.runtime import Say


@dataclass(frozen=True, slots=True)
class Bench:
    """What every step needs; `engine` finds a runtime that builds, when the first step asks."""

    store: Store
    work: Path
    known: Mapping[str, Step]
    engine: Callable[[], Engine]
    say: Say

    def about(self, what: str) -> "Bench":
        """Return the bench with what is being made in front of every line of progress."""
        return replace(self, say=lambda line: self.say(f"{what}: {line}"))
