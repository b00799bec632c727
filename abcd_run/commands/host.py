"""`runtimes` and `doctor`: what this host can do, what is missing, how to mend it."""

from abcd_run import advisories, checks, host, report, target
from abcd_run.catalogue import Catalogue
from abcd_run.commands import options
from abcd_run.fleet import Fleet
from abcd_run.registry import Registry
from abcd_run.request import Request
from abcd_run.runtime import Backend, Probe, Problem
from abcd_run.units import format_size


def runtimes(
    *,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List the runtimes, what they take, what keeps them back.

    \b
    abcd-run runtimes
    """
    with Fleet(Registry.installed()) as fleet:
        found = checks.probe_all(fleet, options.split(on))
        documents = [_document(name, fleet.registry.backend(name), p) for name, p in found.items()]
    if as_json:
        report.print_json({"runtimes": documents, "errors": []})
        return 0
    rows = [_row(document) for document in documents]
    report.print_table(("RUNTIME", "USABLE", "VERSION", "TAKES", "NOTE"), rows)
    return 0


def _document(name: str, backend: Backend | Problem, probe: Probe) -> report.Document:
    accepts = [str(form) for form in backend.accepts] if isinstance(backend, Backend) else []
    problem = probe.refusal()
    return {
        "name": name,
        "usable": problem is None,
        "version": probe.version,
        "accepts": accepts,
        "problem": problem.message if problem else "",
        "remedy": problem.remedy if problem else "",
        "notes": list(probe.notes),
    }


def _row(document: report.Document) -> tuple[str, ...]:
    note = document["problem"] or "; ".join(document["notes"])
    remedy = f" → {document['remedy']}" if document["remedy"] else ""
    usable = "yes" if document["usable"] else "no"
    takes = ", ".join(document["accepts"])
    return document["name"], usable, document["version"], takes, note + remedy


def doctor(
    *,
    image: options.Fitting = "",
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Say what this host can do, what is missing, how to mend it.

    \b
    abcd-run doctor
    abcd-run doctor abcd4desktop      how many of it fit, what it brings
    """
    with Fleet(Registry.installed()) as fleet:
        found = [*checks.host_checks(), *checks.runtime_checks(fleet)]
    fits = None
    if image:
        wanted = target.resolve(Request(image), Catalogue.usual(profiles))
        found += checks.image_checks(wanted)
        fits = _fits(image, checks.memory_needed(wanted, fleet))
    if as_json:
        findings = [report.finding(one) for one in found]
        day = advisories.AS_OF
        report.print_json({"checks": findings, "known_as_of": day, "fits": fits, "errors": []})
    else:
        for one in found:
            report.print_finding(one)
        if any(one.known for one in found):
            report.say(f"!    is what was publicly known on {advisories.AS_OF}")
        if fits is not None:
            report.say(f"{fits} instances of {image} fit into the free memory")
    return 0 if checks.any_usable(found) else 3


def _fits(image: str, needs: int) -> int:
    free = host.memory_available()
    report.complain(f"{format_size(free)} of memory are free, {image} needs {format_size(needs)}")
    return free // needs
