"""`runtimes` and `doctor`: what this host can do, what is missing, and how to fix it."""

from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.errors import Failure, NoRuntime
from abcd_run.report import for_people, for_scripts, streams
from abcd_run.session import Diagnosis, RuntimeStatus, Session
from abcd_run.units import format_size

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def runtimes(*, on: options.Runtimes = None, as_json: options.Json = False) -> int:
    """List the runtimes, what they take, and why some cannot be used.

    \b
    abcd-run runtimes
    """
    with Session() as lab:
        listed = [_document(one) for one in lab.runtimes(options.split(on))]
    if as_json:
        whole: documents.Runtimes = {"runtimes": listed, "errors": []}
        for_scripts.print_json(whole)
        return 0
    rows = [_row(one) for one in listed]
    for_people.print_table(("RUNTIME", "USABLE", "VERSION", "TAKES", "NOTE"), rows)
    return 0


def _document(one: RuntimeStatus) -> "documents.Runtime":
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


def _row(document: "documents.Runtime") -> tuple[str, ...]:
    note = document["problem"] or "; ".join(document["notes"])
    remedy = f" → {document['remedy']}" if document["remedy"] else ""
    usable = "yes" if document["usable"] else "no"
    takes = ", ".join(document["accepts"])
    return document["name"], usable, document["version"], takes, note + remedy


def doctor(
    *, image: options.Fitting = "", profiles: options.Profiles = None, as_json: options.Json = False
) -> int:
    """Report what works here, what is missing, and how to fix it.

    \b
    abcd-run doctor
    abcd-run doctor abcd4desktop      how many fit, and advisories for its parts
    """
    with Session(profiles=profiles) as lab:
        diagnosis = lab.doctor(image)
    if fits := diagnosis.fits:
        free, needs = format_size(fits.free), format_size(fits.needs)
        streams.complain(f"{free} of memory is free; {image} needs {needs}")
    if as_json:
        for_scripts.print_json(_diagnosis(diagnosis))
    else:
        _print(diagnosis, image)
    return 0 if diagnosis.usable else NoRuntime.status


def _diagnosis(diagnosis: Diagnosis) -> "documents.Diagnosis":
    return {
        "checks": [for_scripts.finding(one) for one in diagnosis.findings],
        "known_as_of": diagnosis.known_as_of,
        "fits": diagnosis.fits.count if diagnosis.fits else None,
        "errors": [] if diagnosis.usable else for_scripts.errors([_none_usable()]),
    }


def _none_usable() -> Failure:
    remedy = "abcd-run runtimes   says what each of them lacks"
    return Failure(NoRuntime("no runtime of this host can be used", remedy=remedy))


def _print(diagnosis: Diagnosis, image: str) -> None:
    for one in diagnosis.findings:
        for_people.print_finding(one)
    if any(one.known for one in diagnosis.findings):
        streams.say(f"!    marks advisories that were public on {diagnosis.known_as_of}")
    if diagnosis.fits:
        streams.say(f"{diagnosis.fits.count} instances of {image} fit in the free memory")
