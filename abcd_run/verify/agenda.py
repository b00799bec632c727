"""What to ask and how to judge it: the checks for every image, and those of its profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from abcd_run.errors import ProfileError
from abcd_run.images.profile import Profile
from abcd_run.model import Service
from abcd_run.schema import did_you_mean
from abcd_run.verify import goss, judge, needle, reading
from abcd_run.verify.checks import BUILT_IN, PERSON, QUESTIONS, Question
from abcd_run.verify.expected import Allowed
from abcd_run.verify.goss import Resource
from abcd_run.verify.needle import WHOLE, Needle

OWN = "profile: "
"""What the names of a profile's checks begin with, so that none replaces another check."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """Questions, demands of goss files by name, what may differ, and which parts of a picture.

    `reasons` says of whole checks why they may differ.
    """

    questions: tuple[Question, ...] = QUESTIONS
    demands: Mapping[str, tuple[Resource, ...]] = field(
        default_factory=dict[str, tuple[Resource, ...]]
    )
    allowed: tuple[Allowed, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    services: tuple[Service, ...] = ()
    needle: Needle = WHOLE

    @property
    def all_questions(self) -> tuple[Question, ...]:
        """Every question once, with those that the demands need."""
        asked = {one.name: one for one in self.questions}
        for resources in self.demands.values():
            for resource in resources:
                one = judge.question(resource)
                asked.setdefault(one.name, one)
        return tuple(asked.values())


def of(profile: Profile) -> Agenda:
    """Return what to ask about an image. Raises `ProfileError` for a bad file of its profile."""
    _check_names(profile)
    own = [
        Question(f"{OWN}{one.name}", one.command, reading.numbered, PERSON)
        for one in profile.verify
        if one.command
    ]
    files = {f"{OWN}{one.name}": one.goss for one in profile.verify if one.goss}
    needles = [needle.load(one.needle) for one in profile.verify if one.needle]
    return Agenda(
        questions=(*QUESTIONS, *own),
        demands={name: goss.load(path) for name, path in files.items()},
        allowed=_allowed(profile),
        reasons={
            f"{OWN}{one.name}": one.expected
            for one in profile.verify
            if one.expected and one.command
        },
        services=profile.services,
        needle=needle.joined(needles),
    )


def _check_names(profile: Profile) -> None:
    names = [one.name for one in profile.verify if one.command or one.goss]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ProfileError(
            f"{profile.origin}: verify.name: two checks are called {twice!r}",
            remedy="give one of them another name",
        )


def _allowed(profile: Profile) -> tuple[Allowed, ...]:
    rules = [one for one in profile.verify if one.differs]
    for one in rules:
        if one.name not in BUILT_IN:
            raise ProfileError(
                f"{profile.origin}: verify.name: no check {one.name!r} for what differs",
                details=f"the checks are {', '.join(BUILT_IN)}",
                remedy=did_you_mean(one.name, BUILT_IN, f"name one of {', '.join(BUILT_IN)}"),
            )
    return tuple(
        Allowed(one.name, pattern, one.expected) for one in rules for pattern in one.differs
    )
