"""Ask one instance everything, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from abcd_run.backend import record
from abcd_run.concurrency.cancel import call, check
from abcd_run.errors import AbcdRunError, Interrupted, NotReady
from abcd_run.launch import screen
from abcd_run.model import Instance
from abcd_run.runtime import Executes, Runtime
from abcd_run.verify import picture
from abcd_run.verify.agenda import Agenda
from abcd_run.verify.ask import Said, ask
from abcd_run.verify.checks import HASH_FILES, LIST_FILES, PICTURE, PROCESSES, Question

if TYPE_CHECKING:
    from PIL.Image import Image

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """An instance to ask, through its runtime; `kind` is its variant's.

    `one_user` is why it is asked as the image's own user, and not as root; empty if it is not.
    """

    runtime: Runtime
    instance: Instance
    kind: str
    one_user: str = ""


@dataclass
class Interview:
    """What an instance said by question, why others were not asked, and its picture.

    `one_user` is the subject's.
    """

    said: dict[str, Said] = field(default_factory=dict[str, Said])
    why: dict[str, str] = field(default_factory=dict[str, str])
    picture: "Image | None" = None
    errors: list[AbcdRunError] = field(default_factory=list[AbcdRunError])
    one_user: str = ""

    def failed(self, error: AbcdRunError) -> None:
        """Keep an error; each question may fail for the same reason."""
        if (error.message, error.details) not in [
            (one.message, one.details) for one in self.errors
        ]:
            self.errors.append(error)


def interview(
    subject: Subject, agenda: Agenda, say: Say, *, more: tuple[Question, ...] = ()
) -> Interview:
    """Ask an instance everything, and `more`; what fails is among its errors.

    Raises `Interrupted`.
    """
    done = Interview(one_user=subject.one_user)
    questions = (*agenda.all_questions, *more, LIST_FILES, HASH_FILES)
    # Processes last: a machine that has just become ready is still busy with starting.
    questions = tuple(sorted(questions, key=lambda one: one.name == PROCESSES))
    if isinstance(subject.runtime, Executes):
        _ask_all(subject, questions, done, say)
    else:
        why = f"{subject.instance.runtime} cannot run commands in its instances"
        done.why.update({one.name: why for one in questions})
    _take_picture(subject, agenda, done, say)
    return done


def _ask_all(subject: Subject, questions: tuple[Question, ...], done: Interview, say: Say) -> None:
    for place, one in enumerate(questions):
        check()
        say(f"asking about {one.name} ({place + 1} of {len(questions)})")
        try:
            done.said[one.name] = _asked(subject, one)
        except Interrupted:
            raise
        except AbcdRunError as error:
            done.failed(error)
            rest = questions[place:] if isinstance(error, NotReady) else (one,)
            done.why.update({other.name: error.message for other in rest})
            if isinstance(error, NotReady):
                return


def _asked(subject: Subject, one: Question) -> Said:
    user = "" if subject.one_user else one.user
    user = user or _person(subject.instance)
    return ask(
        subject.runtime, subject.instance, one.command,
        about=one.name, user=user, seconds=one.seconds, most=one.most,
    )  # fmt: skip


def _person(instance: Instance) -> str:
    return record.read(instance.labels).account


def _take_picture(subject: Subject, agenda: Agenda, done: Interview, say: Say) -> None:
    check()
    runtime, instance = subject.runtime, subject.instance
    if not screen.has_screen(runtime, instance):
        done.why[PICTURE] = "it has no screen"
        return
    try:
        picture.prove_library()
    except AbcdRunError as error:
        done.why[PICTURE] = f"{error.message}: {error.remedy}"
        return
    say("taking pictures of its screen")
    take = partial(call, partial(screen.picture, runtime, instance))
    try:
        done.picture = picture.settled(take, agenda.needle, instance.name)
    except Interrupted:
        raise
    except AbcdRunError as error:
        done.failed(error)
        done.why[PICTURE] = error.message


Interviews = Mapping[str, Interview]
"""By runtime."""
