"""What `verify` finds, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from abcd_run.errors import Failure

Facts = Mapping[str, str]
"""An answer: what was asked about, and what it is. A set of names maps each to "yes"."""


NAMED = 5
"""How many facts a reason names."""

FAILED = "exit status"
"""The fact that a command failed, and how."""


class Outcome(StrEnum):
    """What a comparison found, the worst last."""

    EQUAL = "equal"
    UNASKED = "unasked"
    EXPECTED = "expected"
    DIFFERS = "differs"


UNSEEN = "not asked"
"""The value of what an instance could not be asked, beside what others answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an instance answered; `why` says why there is no answer.

    `unseen` are the facts that it could not be asked, for the reason `blind`: they do not differ.
    """

    facts: Facts = field(default_factory=dict[str, str])
    why: str = ""
    unseen: frozenset[str] = frozenset()
    blind: str = ""

    @property
    def limits(self) -> str:
        """Why it was not asked, or not everything; empty if it answered all."""
        if self.why or not self.unseen:
            return self.why
        named = sorted(self.unseen)
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        return f"{', '.join(named[:NAMED])}{more}: {self.blind}"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is not the same everywhere, and what it is on each runtime that has it.

    `wanted` is what a file of the profile demands, if one does. `expected` is the reason why it may
    differ; without one, it must not.
    """

    what: str
    values: Mapping[str, str]
    wanted: str | None = None
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """One check: its outcome for each runtime, and the rows behind it.

    `more` counts the rows that were left out. `why` says, by runtime, why it was not asked, or what
    of it was not.
    """

    name: str
    outcomes: Mapping[str, Outcome]
    rows: tuple[Row, ...] = ()
    more: int = 0
    why: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def outcome(self) -> Outcome:
        """The worst of its outcomes."""
        ranked = [*Outcome]
        return max(self.outcomes.values(), key=ranked.index, default=Outcome.UNASKED)


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether an image is the same on several runtimes.

    `instances` are the names of the instances that were asked, by runtime; `kept` says that they
    still run. `errors` are launches and checks that failed. `notes` are limits of the comparison.
    """

    image: str
    instances: Mapping[str, str]
    checks: tuple[Checked, ...] = ()
    errors: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    kept: bool = False

    @property
    def equal(self) -> bool:
        """Whether nothing differs that must not, and nothing failed."""
        differs = any(one.outcome is Outcome.DIFFERS for one in self.checks)
        return not differs and not self.errors

    @property
    def differences(self) -> tuple[Checked, ...]:
        """The checks with a difference that must not be."""
        return tuple(one for one in self.checks if one.outcome is Outcome.DIFFERS)
