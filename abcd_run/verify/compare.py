"""Compare the answers of several instances to one question."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from abcd_run.verify.values import FAILED, UNSEEN, Answer, Checked, Facts, Outcome, Row

ROWS = 500
"""How many rows one check keeps."""

Explain = Callable[[Row], str]
"""Returns the reason why a row may differ; empty if it must not."""

ABSENT = None
ALONE = "there is no other to compare it with"
NOTHING = "the image has nothing of this"


def unexplained(_row: Row) -> str:
    """Explain nothing."""
    return ""


def compare(
    name: str,
    answers: Mapping[str, Answer],
    *,
    explain: Explain = unexplained,
    wanted: Facts | None = None,
) -> Checked:
    """Compare answers, given by runtime.

    Each fact is compared with what most runtimes have; if as many have another, with what the first
    of them has. With `wanted`, it is compared with that instead, also on a single runtime.
    """
    if wanted is None:
        answers = _with_others(answers)
    asked = {runtime: answer.facts for runtime, answer in answers.items() if not answer.why}
    keys = sorted({key for facts in asked.values() for key in facts} | {*(wanted or ())})
    rows = [_row(key, _shown(key, asked, answers), wanted) for key in keys]
    odd = {row.what: odd for row in rows if (odd := _odd(row, _seeing(row, answers, asked)))}
    told = [_explained(row, explain) for row in rows if row.what in odd]
    told.sort(key=lambda row: bool(row.expected))  # what must not be comes first
    return Checked(
        name,
        {runtime: _outcome(runtime, asked, told, odd) for runtime in answers},
        tuple(told[:ROWS]),
        max(0, len(told) - ROWS),
        {runtime: answer.limits for runtime, answer in answers.items() if answer.limits},
    )


def _shown(
    key: str, asked: Mapping[str, Facts], answers: Mapping[str, Answer]
) -> Mapping[str, Facts]:
    """Return the facts about one thing, and where it could not be asked."""
    return {
        runtime: {key: UNSEEN} if key in answers[runtime].unseen else facts
        for runtime, facts in asked.items()
    }


def _with_others(answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Return the answers that can be compared; the others with the reason why they cannot.

    One alone, nothing at all, and a question that fails everywhere are not equal.
    """
    asked = [runtime for runtime, answer in answers.items() if not answer.why]
    if len(asked) == 1:
        return {**answers, asked[0]: Answer(why=ALONE)}
    facts = [answers[runtime].facts for runtime in asked]
    if not any(facts):
        return {**answers, **dict.fromkeys(asked, Answer(why=NOTHING))}
    statuses = {one.get(FAILED) for one in facts}
    if len(statuses) == 1 and (status := statuses.pop()):
        return {**answers, **dict.fromkeys(asked, Answer(why=f"it fails everywhere: {status}"))}
    return answers


def _row(key: str, asked: Mapping[str, Facts], wanted: Facts | None) -> Row:
    values = {runtime: facts[key] for runtime, facts in asked.items() if key in facts}
    return Row(key, values, wanted.get(key) if wanted is not None else None)


def _explained(row: Row, explain: Explain) -> Row:
    reason = explain(row) if row.wanted is None else ""
    return Row(row.what, row.values, row.wanted, reason)


def _seeing(row: Row, answers: Mapping[str, Answer], asked: Iterable[str]) -> list[str]:
    return [runtime for runtime in asked if row.what not in answers[runtime].unseen]


def _odd(row: Row, asked: Iterable[str]) -> set[str]:
    """Return the runtimes on which this is not as it should be."""
    values = {runtime: row.values.get(runtime, ABSENT) for runtime in asked}
    usual = row.wanted if row.wanted is not None else _usual(list(values.values()))
    return {runtime for runtime, value in values.items() if value != usual}


def _usual(values: list[str | None]) -> str | None:
    # Of several that are equally frequent, `most_common` returns the one that came first.
    return Counter(values).most_common(1)[0][0] if values else ABSENT


def _outcome(
    runtime: str, asked: Mapping[str, Facts], told: list[Row], odd: Mapping[str, set[str]]
) -> Outcome:
    if runtime not in asked:
        return Outcome.UNASKED
    own = [row for row in told if runtime in odd[row.what]]
    if not own:
        return Outcome.EQUAL
    return Outcome.EXPECTED if all(row.expected for row in own) else Outcome.DIFFERS


def listed(name: str, answers: Mapping[str, Answer], reasons: Mapping[str, str]) -> Checked:
    """Return a check whose facts may all differ, each with its reason, and all of them listed."""
    asked = {runtime: answer.facts for runtime, answer in answers.items() if not answer.why}
    keys = [key for key in reasons if any(key in facts for facts in asked.values())]
    rows = [_explained(_row(key, asked, None), lambda row: reasons[row.what]) for key in keys]
    return Checked(
        name,
        {one: Outcome.EXPECTED if one in asked else Outcome.UNASKED for one in answers},
        tuple(rows),
        0,
        {runtime: answer.why for runtime, answer in answers.items() if answer.why},
    )
