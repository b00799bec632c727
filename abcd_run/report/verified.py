"""What `verify` prints: a table, what differs side by side, and what may differ with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from abcd_run.report import for_scripts, streams
from abcd_run.verify.values import Checked, Outcome, Row, Verified
from abcd_run.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from abcd_run.report import documents
    from abcd_run.report.documents import OutcomeName

MARKS = {
    Outcome.EQUAL: "✓",
    Outcome.DIFFERS: "✗",
    Outcome.EXPECTED: "~",
    Outcome.UNASKED: "?",
}
PAINTS = {"✓": "32", "✗": "1;31"}
"""Green and red."""

SHOWN, WIDTH = 20, 100
"""How many rows of a check, and how many characters of a value, are printed."""

ABSENT = "—"


def show(done: Verified) -> None:
    """Print a comparison for people."""
    _print_table(done)
    for one in done.checks:
        _print_rows(one, [row for row in one.rows if not row.expected], done.instances, one.more)
    _print_expected(done)
    _print_unasked(done)
    streams.say(f"\n{_sum(done)}")
    if done.kept:
        names = " ".join(done.instances.values())
        streams.say(f"they still run: abcd-run stop {names}")


def _print_table(done: Verified) -> None:
    runtimes = list(done.instances)
    width = max((len(one.name) for one in done.checks), default=0)
    streams.say("  ".join([" " * width, *runtimes]))
    for one in done.checks:
        marks = [f"{MARKS[one.outcomes[on]]:{len(on)}}" for on in runtimes]
        streams.say("  ".join([f"{visible(one.name):{width}}", *marks]), paints=PAINTS)


def _print_rows(one: Checked, rows: Sequence[Row], runtimes: Iterable[str], more: int) -> None:
    if not rows:
        return
    streams.say(f"\n✗ {one.name}", paints=PAINTS)
    for row in rows[:SHOWN]:
        streams.say(f"  {row.what}")
        for line in _side_by_side(row, runtimes):
            streams.say(f"    {line}")
    left = len(rows) - SHOWN + more
    if left > 0:
        streams.say(f"  and {left} more: --json has them" if not more else f"  and {left} more")


def _side_by_side(row: Row, runtimes: Iterable[str]) -> list[str]:
    """Return a line for each value, with the runtimes that have it, in their order."""
    having: dict[str, list[str]] = {}
    for runtime in runtimes:
        having.setdefault(row.values.get(runtime, ABSENT), []).append(runtime)
    names = {value: ", ".join(which) for value, which in having.items()}
    if row.wanted is not None:
        names = {row.wanted: "", **names}
        names[row.wanted] = ", ".join(filter(None, ["wanted", names[row.wanted]]))
    width = max(map(len, names.values()))
    return [f"{which:{width}}  {_short(value)}" for value, which in names.items()]


def _short(value: str) -> str:
    return value if len(value) <= WIDTH else f"{value[:WIDTH]}…"


def _print_expected(done: Verified) -> None:
    told = [(one, row) for one in done.checks for row in one.rows if row.expected]
    if not told:
        return
    streams.say("\n~ expected to differ")
    for (check, reason), rows in _by_reason(told).items():
        streams.say(f"  {check}: {reason}")
        for row in rows[:SHOWN]:
            lines = _side_by_side(row, done.instances)
            streams.say(f"    {row.what}: " + "; ".join(" ".join(line.split()) for line in lines))
        if len(rows) > SHOWN:
            streams.say(f"    and {len(rows) - SHOWN} more")


def _by_reason(told: Iterable[tuple[Checked, Row]]) -> dict[tuple[str, str], list[Row]]:
    grouped: dict[tuple[str, str], list[Row]] = {}
    for one, row in told:
        grouped.setdefault((one.name, row.expected), []).append(row)
    return grouped


def _print_unasked(done: Verified) -> None:
    where: dict[tuple[str, str], list[str]] = {}
    for one in done.checks:
        for runtime, why in one.why.items():
            where.setdefault((one.name, why), []).append(runtime)
    if where:
        told = [f"  {name} on {', '.join(on)}: {why}" for (name, why), on in where.items()]
        streams.say("\n".join(["\n? not asked", *told]))


def _sum(done: Verified) -> str:
    on = ", ".join(done.instances)
    if differing := done.differences:
        return f"{done.image} is not the same on {on}: {', '.join(one.name for one in differing)}"
    if len(done.instances) == 1:
        return f"{done.image} ran on {on} only"
    if done.errors:
        return f"{done.image} could not be compared everywhere"
    return f"{done.image} is the same on {on}"


def document(done: Verified) -> documents.Verified:
    """Return a comparison as a JSON document; see docs/json.md."""
    return {
        "image": done.image,
        "equal": done.equal,
        "instances": dict(done.instances),
        "kept": done.kept,
        "checks": [_check(one) for one in done.checks],
        "notes": list(done.notes),
        "errors": for_scripts.errors(done.errors),
    }


def _check(one: Checked) -> documents.Check:
    return {
        "check": one.name,
        "outcome": _outcome(one.outcome),
        "runtimes": {runtime: _outcome(outcome) for runtime, outcome in one.outcomes.items()},
        "differences": [_row(row) for row in one.rows if not row.expected],
        "expected": [{**_row(row), "reason": row.expected} for row in one.rows if row.expected],
        "more": one.more,
        "unasked": dict(one.why),
    }


def _outcome(outcome: Outcome) -> OutcomeName:
    return cast("OutcomeName", str(outcome))


def _row(row: Row) -> documents.Row:
    """Return a row; a runtime without a value has nothing there."""
    return {"what": row.what, "values": dict(row.values), "wanted": row.wanted}
