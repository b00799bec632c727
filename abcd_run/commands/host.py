"""`runtimes` and `doctor`: what this host can do, what is missing, how to mend it."""

from abcd_run import report
from abcd_run.commands import options
from abcd_run.session import Diagnosis, RuntimeStatus, Session
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
    with Session() as lab:
        documents = [_document(one) for one in lab.runtimes(options.split(on))]
    if as_json:
        report.print_json({"runtimes": documents, "errors": []})
        return 0
    rows = [_row(document) for document in documents]
    report.print_table(("RUNTIME", "USABLE", "VERSION", "TAKES", "NOTE"), rows)
    return 0


def _document(one: RuntimeStatus) -> report.Document:
    problem = one.problem
    return {
        "name": one.name,
        "usable": one.usable,
        "version": one.version,
        "accepts": [str(form) for form in one.accepts],
        "problem": problem.message if problem else "",
        "remedy": problem.remedy if problem else "",
        "notes": list(one.notes),
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
    with Session(profiles=profiles) as lab:
        found = lab.doctor(image)
    if fits := found.fits:
        free, needs = format_size(fits.free), format_size(fits.needs)
        report.complain(f"{free} of memory are free, {image} needs {needs}")
    if as_json:
        report.print_json(_diagnosis(found))
    else:
        _print(found, image)
    return 0 if found.usable else 3


def _diagnosis(found: Diagnosis) -> report.Document:
    return {
        "checks": [report.finding(one) for one in found.findings],
        "known_as_of": found.known_as_of,
        "fits": found.fits.count if found.fits else None,
        "errors": [],
    }


def _print(found: Diagnosis, image: str) -> None:
    for one in found.findings:
        report.print_finding(one)
    if any(one.known for one in found.findings):
        report.say(f"!    is what was publicly known on {found.known_as_of}")
    if found.fits:
        report.say(f"{found.fits.count} instances of {image} fit into the free memory")
