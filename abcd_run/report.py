"""What commands print: documents for scripts, tables and lines for people.

Guests, images, profiles and engines say what they like. What is for people goes through one
function that lets nothing of it reach the terminal as a command; documents are in ASCII.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from abcd_run import endpoints, record
from abcd_run.errors import AbcdRunError, Failure
from abcd_run.units import format_size
from abcd_run.visible import visible

if TYPE_CHECKING:  # every command prints, and doctor alone has findings
    from collections.abc import Iterable, Sequence

    from abcd_run.advisories import Known
    from abcd_run.checks import Finding
    from abcd_run.launched import Launched
    from abcd_run.model import Endpoint, Plan, Resources

LONGEST_LINE = 500

Document = dict[str, Any]


class OutputLost(AbcdRunError):
    """What there was to say could not be written to where standard output goes."""

    status = 1


def flush() -> None:
    """Print now, not at Python's end, where what goes wrong can only be complained about.

    Raises `BrokenPipeError` when the reader has gone, else `OutputLost`.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up()
        raise OutputLost(
            f"standard output cannot be written: {error.strerror or error}",
            details="what was asked for is done; abcd-run ps shows what runs",
            remedy="make room where the output goes",
        ) from error


def give_up() -> None:
    """Let what is still to be printed go nowhere: it would be complained about at the end."""
    with open(os.devnull, "wb") as nowhere, suppress(OSError, ValueError):  # noqa: PTH123  (a device)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def say(text: str) -> None:
    """Print lines for people on standard output."""
    sys.stdout.write(_lines(text))


def complain(text: str) -> None:
    """Print lines for people on standard error; who has closed it hears nothing."""
    with suppress(OSError, ValueError):
        sys.stderr.write(_lines(text))
        sys.stderr.flush()


def _lines(text: str) -> str:
    # Of all that ends a line for somebody, only this one does for a terminal alone.
    return "".join(f"{visible(line).rstrip()}\n" for line in text.split("\n"))


def instance(launched: Launched) -> Document:
    """Return an instance as JSON shows it; see docs/json.md."""
    found = launched.instance
    facts = record.read(found.labels)
    return {
        "name": found.name,
        "image": facts.image,
        "variant": facts.variant,
        "runtime": found.runtime,
        "stage": str(launched.stage),
        "created": facts.created,
        "endpoints": [endpoint(one) for one in endpoints.endpoints(found)],
        "password": found.password,
        "host_root": found.host_root,
        "ready_seconds": launched.ready_seconds,
        "runtime_id": found.runtime_id,
        "resources": _resources(facts.resources),
    }


def _resources(given: Resources) -> Document:
    return {"memory": given.memory, "cpus": given.cpus, "disk": given.disk}


def endpoint(found: Endpoint) -> Document:
    """Return an endpoint as JSON shows it."""
    return {"service": found.service, "protocol": found.protocol, "url": found.url}


def error(failure: Failure) -> Document:
    """Return an error as JSON shows it; `code` is the exit status that it alone would give."""
    return {
        "code": failure.error.status,
        "message": failure.error.message,
        "details": failure.error.details,
        "remedy": failure.error.remedy,
        "runtime": failure.runtime,
        "name": failure.name,
    }


def document(launched: Iterable[Launched], failures: Iterable[Failure]) -> Document:
    """Return the document of a launch, `ps` and `show`."""
    return {
        "instances": [instance(one) for one in launched],
        "errors": [error(failure) for failure in failures],
    }


def plan(planned: Plan, native: str) -> Document:
    """Return a plan as JSON shows it, with the native command a person would type."""
    return {
        "name": planned.name,
        "image": planned.image,
        "variant": planned.variant,
        "runtime": planned.runtime,
        "format": str(planned.format),
        "source": str(planned.source),
        "memory": planned.resources.memory,
        "cpus": planned.resources.cpus,
        "services": {one.name: one.port for one in planned.services},
        "address": planned.address,
        "ready": planned.ready.kind or planned.ready.service or planned.ready.console,
        "timeout": planned.ready.timeout,
        "native": native,
    }


def print_plan(planned: Plan, native: str) -> None:
    """Print a plan for people, and the native command on a line of its own to be copied."""
    resources = planned.resources
    ready = planned.ready.kind or planned.ready.service or planned.ready.console
    ports = {one.name: planned.ports.get(one.port, "a free port") for one in planned.services}
    facts = {
        "image": f"{planned.image}, variant {planned.variant}",
        "from": str(planned.source),
        "runtime": f"{planned.runtime}, as {planned.format}",
        **_amounts(resources),
        "publish": ", ".join(f"{name} on {planned.address}:{to}" for name, to in ports.items()),
        "share": ", ".join(f"{one.source} as {one.target}" for one in planned.shares),
        "ready": f"{ready or 'when it runs'}, within {planned.ready.timeout:g} s",
    }
    print_facts(f"{planned.name} would be launched:", facts)
    if native:
        say(f"\nThe same by hand:\n{native}")


def print_json(content: object) -> None:
    """Print one document on standard output, in ASCII: that survives every locale and file name."""
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they must be; nothing but the heads when there are none."""
    shown = [[visible(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def print_launched(launched: Launched) -> None:
    """Print what a person needs to use an instance."""
    found = launched.instance
    seconds = launched.ready_seconds
    after = f" after {seconds:.1f} s" if seconds is not None else ""
    print_facts(f"{found.name} is {launched.stage}{after}", _facts(launched))


def print_facts(head: str, facts: dict[str, str]) -> None:
    """Print a line and, indented below it, named facts."""
    width = max(map(len, facts), default=0)
    lines = [f"  {visible(key):{width}}  {visible(value)}" for key, value in facts.items() if value]
    say("\n".join([visible(head), *lines]))


def print_shown(launched: Launched) -> None:
    """Print all that is known of an instance."""
    found = launched.instance
    known = record.read(found.labels)
    held = "in a sandbox" if found.root == "sandbox" else "unknown"
    root = held if found.host_root is None else f"uid {found.host_root} of this host"
    facts = {
        "image": f"{known.image}, variant {known.variant}",
        "runtime": f"{found.runtime} {found.runtime_id[:12]}",
        "created": known.created,
        "root": f"inside is {root}",
        **_amounts(known.resources),
    }
    stage = str(launched.stage) if found.running and not found.silent else found.state
    print_facts(f"{found.name} is {stage}", facts | _facts(launched))


def _amounts(given: Resources) -> dict[str, str]:
    return {
        "memory": format_size(given.memory) if given.memory else "",
        "cpus": f"{given.cpus:g}" if given.cpus else "",
        "disk": format_size(given.disk) if given.disk else "",
    }


def _facts(launched: Launched) -> dict[str, str]:
    found = launched.instance
    facts = {one.service: one.url for one in endpoints.endpoints(found)}
    user = record.read(found.labels).user
    if found.password:
        facts |= {"user": user, "password": found.password}
    return facts | {"stop": f"abcd-run stop {found.name}"}


def mapping(host_root: int | None) -> str:
    """Return who root inside is outside, for a table."""
    return "" if host_root is None else f"0→{host_root}"


def print_notes(notes: Iterable[str]) -> None:
    """Print what the user should know although it stops nothing, on standard error."""
    for note in notes:
        complain(f"abcd-run: note: {visible(note)}")


def print_error(found: AbcdRunError, *, name: str = "") -> None:
    """Print an error for people, on standard error."""
    before = f"{name}: " if name and not found.message.startswith(name) else ""
    lines = [f"abcd-run: {_brief(visible(before + found.message))}"]
    lines += [f"  {line}" for line in found.details.splitlines()]
    lines += [f"  → {line}" for line in found.remedy.splitlines()]
    complain("\n".join(lines))


def _brief(text: str) -> str:
    """Leave out the middle of a line that quotes something beyond all measure."""
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE // 2]} … {text[-100:]}"


def status(done: Sequence[Launched], failures: Sequence[Failure]) -> int:
    """Return the exit status: 1 when some failed, the errors' own when all failed alike."""
    codes = {failure.error.status for failure in failures}
    whole = [one for one in done if one.late is None]
    if not codes:
        return 0
    return codes.pop() if len(codes) == 1 and not whole else 1


def finding(found: Finding) -> Document:
    """Return what `doctor` found as JSON shows it."""
    remedy = "" if found.good else found.remedy
    return {
        "check": found.name,
        "good": found.good,
        "says": found.says,
        "remedy": remedy,
        "known": [_known(one) for one in found.known],
    }


def _known(found: Known) -> Document:
    return {
        "component": found.advisory.component,
        "version": found.version,
        "package": found.package,
        "ids": list(found.advisory.ids),
        "fixed": list(found.advisory.fixed),
        "possible": found.advisory.possible,
    }


def print_finding(found: Finding) -> None:
    """Print what `doctor` found, with the remedy where it is bad."""
    say(f"{'ok ' if found.good else 'NOT'}  {found.name}: {found.says}")
    if not found.good and found.remedy:
        say(f"     → {found.remedy}")
    for one in found.known:
        say(f"     ! {one.says()}")
