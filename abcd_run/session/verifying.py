"""Launch an image on several runtimes, compare what is inside, and end what was launched."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from abcd_run.backend import record
from abcd_run.concurrency.cancel import current
from abcd_run.errors import ArtifactError, Failure, NotReady, UsageError
from abcd_run.host import xdg
from abcd_run.launch.launched import Launched
from abcd_run.model import Kind, Origin, Source
from abcd_run.oci.model import Image
from abcd_run.oci.reader import open_image
from abcd_run.oci.store import Store
from abcd_run.plan import image_word
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target
from abcd_run.plugins.registry import ALL
from abcd_run.runtime import OneUser
from abcd_run.session import launches, lifecycle, results
from abcd_run.session.opened import Opened
from abcd_run.verify import agenda, layers, picture, pictures
from abcd_run.verify.agenda import Agenda
from abcd_run.verify.inquiry import Judge, ask_all
from abcd_run.verify.interview import Subject
from abcd_run.verify.layers import Upper
from abcd_run.verify.values import Verified

ALONE = "it runs on {} only: there is nothing to compare it with"


def verify(opened: Opened, request: Request, *, keep: bool, pictures: Path | None) -> Verified:
    """Verify what a request asks for. Raises `UsageError`, or as a launch that fails does.

    Raises `Interrupted` when cancelled, after ending what was launched.
    """
    if request.count != 1 or request.name or request.command:
        raise UsageError(
            "verify launches one instance on each runtime, under a name of its own",
            remedy=f"abcd-run verify {request.image}",
        )
    # Several at once, of which nothing is kept: no matter what the settings say of homes.
    request = replace(request, on=request.on or (ALL,), home=False)
    wanted = image_word.resolve(request, opened.catalogue(), more=opened.other_words)
    questions = agenda.of(wanted.profile)
    if wanted.profile.screen:
        picture.prove_library()  # before anything is launched
    done = results.checked(launches.launch(opened, request, wait=True))
    try:
        verified = inspect(opened, done.instances, wanted, questions, folder=pictures)
    finally:
        left = () if keep else _end(opened, done.instances)
    for failure in done.errors if not keep else ():
        if isinstance(failure.error, NotReady):  # it does not run any more
            failure.error.remedy = f"abcd-run verify --timeout S {request.image}, with more seconds"
    return Verified(
        wanted.profile.name,
        verified.instances,
        verified.checks,
        (*done.errors, *verified.errors, *left),
        (*done.notes, *verified.notes),
        keep,
    )


def inspect(
    opened: Opened,
    instances: Sequence[Launched],
    wanted: Target,
    questions: Agenda,
    *,
    folder: Path | None = None,
) -> Verified:
    """Compare running instances of one image; they are left running."""
    subjects = [_subject(opened, one, wanted) for one in instances]
    names = {one.runtime: one.name for one in instances}
    uppers, notes = _uppers(subjects, wanted)
    if len(subjects) == 1:
        notes = (*notes, ALONE.format(subjects[0].instance.runtime))
    for note in notes:
        opened.teller().note(note)
    said, failures = ask_all(subjects, questions, opened.teller().say)
    judged = Judge(questions, uppers).all(said)
    if folder is not None:
        pictures.save(said, names, questions.needle, folder)
    return Verified(wanted.profile.name, names, judged, tuple(failures), notes, kept=True)


def _end(opened: Opened, instances: Sequence[Launched]) -> tuple[Failure, ...]:
    hurried = current().is_set()
    return lifecycle.end_these(opened, [one.instance for one in instances], hurried=hurried).errors


def _subject(opened: Opened, one: Launched, wanted: Target) -> Subject:
    variant = record.read(one.instance.labels).variant
    kinds = {known.name: known.kind for known in wanted.profile.variants}
    runtime = opened.fleet().runtime(one.runtime)
    alone = runtime.one_user(one.instance) if isinstance(runtime, OneUser) else ""
    return Subject(runtime, one.instance, kinds.get(variant, ""), alone)


def _uppers(
    subjects: Sequence[Subject], wanted: Target
) -> tuple[Mapping[str, Upper], tuple[str, ...]]:
    """Return what each runtime's variant adds to the base, and what the user should know of it."""
    kinds = {Kind(one.kind) for one in subjects if one.kind}
    if len(kinds) == 1:  # the same layers everywhere
        return {}, ()
    try:
        images = {kind: _image(wanted, kind) for kind in sorted(kinds)}
        here = {kind: image for kind, image in images.items() if image}
        if len(here) < len(kinds):
            return {}, ("the variants' layers are not here: what they own cannot be told apart",)
        tops = layers.uppers(here)
    except ArtifactError as error:
        return {}, (f"the variants' layers cannot be read: {error.message}",)
    notes: tuple[str, ...] = ()
    if len(here) > 1 and not layers.shared_layers(here):
        notes = ("the variants share no layer: no file is known to be the base's",)
    return {one.instance.runtime: tops[Kind(one.kind)] for one in subjects if one.kind}, notes


def _image(wanted: Target, kind: Kind) -> Image | None:
    """Return a variant's image from this disk; None if it is not here."""
    variant = next(one for one in wanted.variants if one.kind is kind)
    source = image_word.source(wanted.profile, variant, image_word.stored, fresh=False)
    return _stored(source)


def _stored(source: Source) -> Image | None:
    if source.origin is Origin.ISO or not xdg.store().is_dir():
        return None
    if source.origin is Origin.FILE:
        return open_image(Path(source.location), None)
    name = source.location if source.origin is Origin.REGISTRY else source.name
    return Store(xdg.store()).resolve(name)
