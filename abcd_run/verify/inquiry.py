"""Ask all instances at once, and compare what they say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from abcd_run.concurrency.cancel import awaited, check
from abcd_run.concurrency.threads import Threads
from abcd_run.errors import Failure
from abcd_run.verify import expected, judge, ordinary, reading
from abcd_run.verify.agenda import Agenda
from abcd_run.verify.checks import (
    CONTEXT,
    FILES,
    HASH_FILES,
    LIST_FILES,
    OF_ROOT,
    PACKAGES,
    PORTS,
    PROCESSES,
    SESSION_USER,
    Question,
)
from abcd_run.verify.compare import Explain, compare, listed
from abcd_run.verify.goss import Resource
from abcd_run.verify.interview import Interview, Interviews, Subject, interview
from abcd_run.verify.layers import Upper
from abcd_run.verify.pictures import compared
from abcd_run.verify.values import Answer, Checked, Facts, Row

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
            *(self._explained(one, said) for one in compared(said, self.agenda.needle)),
            listed(CONTEXT, _answers(context, said), expected.CONTEXT),
        )

    def _question(self, one: Question, said: Interviews) -> Checked:
        return compare(one.name, _answers(one, said), explain=self._explain(one.name, said))

    def _demands(self, name: str, said: Interviews) -> Checked:
        resources = self.agenda.demands[name]
        answers = {runtime: _met(resources, own) for runtime, own in said.items()}
        return compare(name, answers, wanted=judge.wanted(resources))

    def _files(self, said: Interviews) -> Checked:
        facts = {
            runtime: reading.files(own.said[LIST_FILES.name], own.said[HASH_FILES.name])
            for runtime, own in said.items()
            if not _missing(own)
        }
        answers = {
            runtime: self._of_base(_seen(runtime, facts, said))
            if runtime in facts
            else Answer(why=_missing(own))
            for runtime, own in said.items()
        }
        return compare(FILES, answers, explain=self._explain(FILES, said))

    def _of_base(self, answer: Answer) -> Answer:
        tops = self.uppers.values()
        unseen = expected.of_files(dict.fromkeys(answer.unseen, ""), tops)
        kept = expected.of_files(answer.facts, tops)
        return replace(answer, facts=kept, unseen=frozenset(unseen))

    def _explained(self, made: tuple[str, Mapping[str, Answer]], said: Interviews) -> Checked:
        name, answers = made
        return compare(name, answers, explain=self._explain(name, said))

    def _explain(self, name: str, said: Interviews) -> Explain:
        def reason(row: Row) -> str:
            own = expected.by_profile(name, row, self.agenda.allowed)
            own = own or self.agenda.reasons.get(name, "") or self._built_in(name, row)
            return own or _where_nobody_is_root(name, row, said)

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


def _where_nobody_is_root(name: str, row: Row, said: Interviews) -> str:
    """Return why something may differ because some runtimes have no root inside."""
    alone = [on for on, own in said.items() if own.one_user]
    if not alone:
        return ""
    asked = [on for on, own in said.items() if name in own.said]
    if name == PORTS:
        return ordinary.of_port(row, alone, asked)
    if name == PROCESSES:
        roots = {
            on: OF_ROOT.read(own.said[OF_ROOT.name])
            for on, own in said.items()
            if OF_ROOT.name in own.said
        }
        return ordinary.of_process(row, alone, asked, roots)
    return ordinary.of_user(row, alone) if name == SESSION_USER else ""


def _met(resources: Sequence[Resource], own: Interview) -> Answer:
    facts, why = judge.answered(resources, own.said), _why(own.said, own.why)
    if why or not own.one_user:
        return Answer(facts, why)
    return ordinary.of_demands(resources, own.said, facts, why=own.one_user)


def _missing(own: Interview) -> str:
    return own.why.get(LIST_FILES.name) or own.why.get(HASH_FILES.name) or ""


def _seen(on: str, facts: Mapping[str, Facts], said: Interviews) -> Answer:
    """Return what an instance says of its files, without what its user cannot read."""
    own = said[on]
    if not own.one_user:
        return Answer(facts[on])
    user = reading.keyed(own.said[SESSION_USER]) if SESSION_USER in own.said else {}
    others = [its for other, its in facts.items() if other != on]
    return ordinary.of_files(facts[on], others, uid=user.get("uid", ""), why=own.one_user)


def _why(said: Mapping[str, object], why: Mapping[str, str]) -> str:
    return "" if said else next(iter(why.values()), "it was not asked")


def ask_all(
    subjects: Sequence[Subject], agenda: Agenda, say: Tell
) -> tuple[Interviews, list[Failure]]:
    """Ask instances at the same time; return what they said, and what failed.

    Raises `Interrupted` when cancelled.
    """
    mixed = len({bool(one.one_user) for one in subjects}) > 1
    with Threads(len(subjects) or 1) as threads:
        tasks = {
            one.instance.runtime: threads.submit(
                partial(
                    interview,
                    one,
                    agenda,
                    partial(say, one.instance.name),
                    more=(OF_ROOT,) if mixed and not one.one_user else (),
                )
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
