"""Ask all instances at once, and compare what they say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from abcd_run.concurrency.cancel import awaited, check
from abcd_run.concurrency.threads import Threads
from abcd_run.errors import Failure
from abcd_run.verify import expected, judge, reading
from abcd_run.verify.agenda import Agenda
from abcd_run.verify.checks import (
    CONTEXT,
    FILES,
    HASH_FILES,
    LIST_FILES,
    PACKAGES,
    PORTS,
    PROCESSES,
    Question,
)
from abcd_run.verify.compare import Explain, compare, listed
from abcd_run.verify.interview import Interviews, Subject, interview
from abcd_run.verify.layers import Upper
from abcd_run.verify.pictures import compared
from abcd_run.verify.values import Answer, Checked, Row

Tell = Callable[[str, str], None]
"""Says of an instance what is happening."""

Uppers = Mapping[str, Upper]
"""What each runtime's variant adds to the base."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares what instances said about one image."""

    agenda: Agenda
    uppers: Uppers

    def all(self, said: Interviews) -> tuple[Checked, ...]:
        """Return every check, the picture's last."""
        plain = [one for one in self.agenda.questions if one.name != CONTEXT]
        context = next(one for one in self.agenda.questions if one.name == CONTEXT)
        return (
            *(self._question(one, said) for one in plain),
            *(self._demands(name, said) for name in self.agenda.demands),
            self._files(said),
            *(self._explained(one) for one in compared(said, self.agenda.needle)),
            listed(CONTEXT, _answers(context, said), expected.CONTEXT),
        )

    def _question(self, one: Question, said: Interviews) -> Checked:
        return compare(one.name, _answers(one, said), explain=self._explain(one.name))

    def _demands(self, name: str, said: Interviews) -> Checked:
        resources = self.agenda.demands[name]
        answers = {
            runtime: Answer(judge.answered(resources, own.said), _why(own.said, own.why))
            for runtime, own in said.items()
        }
        return compare(name, answers, wanted=judge.wanted(resources))

    def _files(self, said: Interviews) -> Checked:
        answers = {}
        for runtime, own in said.items():
            if missing := own.why.get(LIST_FILES.name) or own.why.get(HASH_FILES.name):
                answers[runtime] = Answer(why=missing)
                continue
            facts = reading.files(own.said[LIST_FILES.name], own.said[HASH_FILES.name])
            answers[runtime] = Answer(expected.of_files(facts, self.uppers.values()))
        return compare(FILES, answers, explain=self._explain(FILES))

    def _explained(self, made: tuple[str, Mapping[str, Answer]]) -> Checked:
        name, answers = made
        return compare(name, answers, explain=self._explain(name))

    def _explain(self, name: str) -> Explain:
        def reason(row: Row) -> str:
            own = expected.by_profile(name, row, self.agenda.allowed)
            return own or self.agenda.reasons.get(name, "") or self._built_in(name, row)

        return reason

    def _built_in(self, name: str, row: Row) -> str:
        if name == PORTS:
            return expected.of_ports(row, self.agenda.services)
        if name == PROCESSES:
            return expected.of_processes(row, self.uppers)
        return expected.of_packages(row, self.uppers) if name == PACKAGES else ""


def _answers(one: Question, said: Interviews) -> dict[str, Answer]:
    return {
        runtime: Answer(one.read(own.said[one.name]))
        if one.name in own.said
        else Answer(why=own.why.get(one.name, "it was not asked"))
        for runtime, own in said.items()
    }


def _why(said: Mapping[str, object], why: Mapping[str, str]) -> str:
    return "" if said else next(iter(why.values()), "it was not asked")


def ask_all(
    subjects: Sequence[Subject], agenda: Agenda, say: Tell
) -> tuple[Interviews, list[Failure]]:
    """Ask instances at the same time; return what they said, and what failed.

    Raises `Interrupted` when cancelled.
    """
    with Threads(len(subjects) or 1) as threads:
        tasks = {
            one.instance.runtime: threads.submit(
                partial(interview, one, agenda, partial(say, one.instance.name))
            )
            for one in subjects
        }
        said = {runtime: awaited(task) for runtime, task in tasks.items()}
    check()
    names = {one.instance.runtime: one.instance.name for one in subjects}
    failures = [
        Failure(error, runtime, names[runtime])
        for runtime, own in said.items()
        for error in own.errors
    ]
    return said, failures
