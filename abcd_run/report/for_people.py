"""What commands print for people: tables, facts and errors.

Guests, images, profiles and engines may say anything; `streams` keeps it from controlling the
terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.backend import record
from abcd_run.launch import endpoints
from abcd_run.model import Stage
from abcd_run.report import streams, tables
from abcd_run.units import format_size
from abcd_run.visible import visible

if TYPE_CHECKING:  # every command prints, but only doctor has findings
    from collections.abc import Iterable, Iterator, Sequence

    from abcd_run.backend.record import Record
    from abcd_run.doctor.checks import Finding
    from abcd_run.errors import AbcdRunError
    from abcd_run.launch.launched import Launched
    from abcd_run.model import Endpoint, Plan, Resources

LONGEST_LINE = 500


def print_plan(planned: Plan, native: str) -> None:
    """Print a plan for people, with the native command on its own line for copying."""
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
        streams.say(f"\nThe same by hand:\n{native}")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, or in lines where the terminal is too narrow for them."""
    shown = [[visible(cell) for cell in row] for row in rows]
    for line in tables.lines(heads, shown, streams.width()):
        streams.say(line)


def print_launched(launched: Launched) -> None:
    """Print what a person needs to use an instance."""
    instance = launched.instance
    seconds = launched.ready_seconds
    after = f" after {seconds:.1f} s" if seconds is not None else ""
    ready = record.read(instance.labels).ready
    # Nothing tells whether an image without services is ready: it runs.
    unknown = launched.stage is Stage.READY and not (ready.kind or ready.console or ready.service)
    reached = "running" if unknown and not instance.silent else f"{stage(launched)}{after}"
    print_facts(f"{instance.name} is {reached}", _facts(launched))
    print_notes(_overheard(launched))


def _overheard(launched: Launched) -> Iterator[str]:
    """Yield what everybody in the network could listen to."""
    bound = [one for one in launched.endpoints if endpoints.typed(one) != one]
    if plain := [one.service for one in bound if one.protocol in ("http", "vnc")]:
        yield (
            f"{' and '.join(plain)} of {launched.name} can be reached from every network without "
            "encryption: whoever is in between can read the password"
        )


def stage(launched: Launched) -> str:
    """Return how far an instance is, or its runtime's word for why it does not answer."""
    instance = launched.instance
    return str(launched.stage) if instance.running and not instance.silent else instance.state


def print_facts(head: str, facts: dict[str, str]) -> None:
    """Print a line, with named facts indented below it."""
    width = max(map(len, facts), default=0)
    lines = [f"  {visible(key):{width}}  {visible(value)}" for key, value in facts.items() if value]
    streams.say("\n".join([visible(head), *lines]))


def print_shown(launched: Launched) -> None:
    """Print everything known about an instance."""
    instance = launched.instance
    known = record.read(instance.labels)
    held = "in a sandbox" if instance.root == "sandbox" else "unknown"
    root = held if instance.host_root is None else f"uid {instance.host_root} of this host"
    facts = {
        "image": f"{known.image}, variant {known.variant}",
        "runtime": f"{instance.runtime} {instance.runtime_id[:12]}",
        "created": known.created,
        "root": f"inside is {root}",
        **_amounts(known.resources),
    }
    print_facts(f"{instance.name} is {stage(launched)}", facts | _facts(launched))


def _amounts(given: Resources) -> dict[str, str]:
    return {
        "memory": format_size(given.memory) if given.memory else "",
        "cpus": f"{given.cpus:g}" if given.cpus else "",
        "disk": format_size(given.disk) if given.disk else "",
    }


def _facts(launched: Launched) -> dict[str, str]:
    """Return how to use an instance, what a person needs first."""
    instance, known = launched.instance, record.read(launched.instance.labels)
    opened = endpoints.to_open(instance)
    # Of several screens that are the same one, a person needs the first.
    shown = [one for one in endpoints.endpoints(instance) if one not in instance.screens[1:]]
    ways = sorted(shown, key=lambda one: one != opened)
    facts = {"open": f"abcd-run open {instance.name}" if opened and instance.running else ""}
    facts |= {one.service: _way_in(one, instance.name, known) for one in ways}
    # An image that nobody has described knows no user and no password.
    if instance.password and (known.account or known.described):
        facts |= {"user": known.user, "password": instance.password}
    return facts | _kept(known) | {"stop": f"abcd-run stop {instance.name}"}


def _way_in(endpoint: Endpoint, name: str, known: Record) -> str:
    """Return what to type to reach an endpoint; ssh would refuse who has given no key."""
    if endpoint.protocol != "ssh" or known.key:
        return endpoints.typed(endpoint).url
    return f"abcd-run shell {name}"


def _kept(known: Record) -> dict[str, str]:
    """Return where an instance has the host's folders, and what becomes of its user's files."""
    facts = {"share": ", ".join(f"{one.target} is {one.source}" for one in known.shares)}
    if known.home:
        return facts | {"home": f"kept in {known.home}"}
    gone = "gone at stop; --home at the launch keeps it" if known.keepable else "gone at stop"
    return facts | {"home": gone if known.account else ""}


def mapping(host_root: int | None) -> str:
    """Return which host user root inside is, for a table."""
    return "" if host_root is None else f"0→{host_root}"


def print_notes(notes: Iterable[str]) -> None:
    """Print warnings that do not stop the launch, on standard error."""
    for note in notes:
        streams.complain(f"abcd-run: note: {visible(note)}")


def print_error(error: AbcdRunError, *, name: str = "") -> None:
    """Print an error for people, on standard error."""
    before = f"{name}: " if name and not error.message.startswith(name) else ""
    lines = [f"abcd-run: {_shortened(visible(before + error.message))}"]
    lines += [f"  {line}" for line in error.details.splitlines()]
    lines += [f"  → {line}" for line in error.remedy.splitlines()]
    streams.complain("\n".join(lines))


def _shortened(text: str) -> str:
    """Leave out the middle of an overlong line."""
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE // 2]} … {text[-100:]}"


def print_finding(finding: Finding) -> None:
    """Print a `doctor` finding, with the remedy if it is bad."""
    start = f"{'ok' if finding.good else 'FAIL':4} "
    text = visible(f"{finding.name}: {finding.says}")
    for line in tables.hanging(start, text, streams.width()):
        streams.say(line)
    if not finding.good and finding.remedy:
        streams.say(f"     → {finding.remedy}")
    for one in finding.known:
        streams.say(f"     ! {one.says()}")
