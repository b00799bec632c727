"""Choose the runtimes of a request: the requested ones, all usable ones, or the best."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from abcd_run import schema
from abcd_run.errors import Failure, NoRuntime, ProfileError
from abcd_run.images.profile import Variant
from abcd_run.model import Origin, Source
from abcd_run.plan import image_word
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target
from abcd_run.plugins import formats
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import ALL, AUTO
from abcd_run.runtime import Backend, Options, Problem, Runtime

NEVER = "never"
PROBE_SECONDS = 30.0
"""How long a runtime may take to say whether it is usable; libvirt's first answer takes 8 s."""

ROOTFUL = (
    "it runs as root: root inside is root of this host, and anyone who escapes from an instance "
    "or may share a folder with it controls this host"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime to use, and what to give it.

    `notes` are about this launch, `of_host` about what the runtime cannot do on this host.
    """

    runtime: Runtime
    backend: Backend
    variant: Variant
    format: str
    source: Source
    options: Options = field(default_factory=dict[str, object])
    notes: tuple[str, ...] = ()
    of_host: tuple[str, ...] = ()


def choose(request: Request, wanted: Target, fleet: Fleet) -> tuple[list[Choice], list[Failure]]:
    """Return the usable runtimes and the failures of the rest. Raises `NoRuntime` if none is."""
    if AUTO in request.on:
        return [_best(request, wanted, fleet)], []
    names = _all_that_take(wanted, fleet) if ALL in request.on else request.on
    for name in names:
        fleet.registry.known(name)
    choices, failures = _usable(names, request, wanted, fleet)
    if not choices:
        raise failures[0].error if len(failures) == 1 else _none_usable(failures)
    # `all` means all usable runtimes; an unusable one is not a failure then.
    return _together(choices), [] if ALL in request.on else failures


def _together(choices: list[Choice]) -> list[Choice]:
    """Have all variants from the recipe built together, because they share a base."""
    kinds = tuple(
        dict.fromkeys(one.variant.kind for one in choices if one.source.origin is Origin.RECIPE)
    )
    return [
        replace(one, source=replace(one.source, kinds=kinds)) if one.variant.kind in kinds else one
        for one in choices
    ]


def _best(request: Request, wanted: Target, fleet: Fleet) -> Choice:
    failures = []
    for name in dict.fromkeys((*wanted.profile.runtimes, *fleet.registry.names())):
        if name in fleet.registry.plugins:
            choices, failed = _usable([name], request, wanted, fleet)
            if choices:
                return choices[0]
            failures += failed
    raise _none_usable(failures)


def _none_usable(failures: list[Failure]) -> NoRuntime:
    lines = [
        f"{failure.error.message}" + (f" → {failure.error.remedy}" if failure.error.remedy else "")
        for failure in failures
    ]
    return NoRuntime("no usable runtime", details="\n".join(lines), remedy="abcd-run doctor")


def _all_that_take(wanted: Target, fleet: Fleet) -> tuple[str, ...]:
    def fits(name: str) -> bool:
        backend = fleet.registry.backend(name)
        return not isinstance(backend, Problem) and takes(backend, wanted)

    return tuple(name for name in fleet.present() if fits(name))


def takes(backend: Backend, wanted: Target) -> bool:
    """Say whether a runtime takes one of the variants."""
    return _fitting(backend, wanted) is not None


def _fitting(backend: Backend, wanted: Target) -> tuple[Variant, str] | None:
    pairs = ((variant, form) for form in backend.accepts for variant in wanted.variants)
    return next((pair for pair in pairs if pair[0].kind in formats.kinds(pair[1])), None)


def _usable(
    names: Iterable[str], request: Request, wanted: Target, fleet: Fleet
) -> tuple[list[Choice], list[Failure]]:
    """Probe runtimes side by side; return the choices in the order of the names."""
    fitting, failures = {}, []
    for name in names:
        try:
            fitting[name] = _fits(fleet.backend(name), wanted)
        except NoRuntime as error:
            failures.append(Failure(error, name))
    # Check the options before any runtime is asked and before anything is fetched.
    options, unused = dict[str, Options](), dict[str, tuple[str, ...]]()
    for name in fitting:
        options[name], unused[name] = _all_options(fleet.backend(name), request, wanted)
    probes, failed = fleet.ask(fitting, lambda runtime: runtime.probe(), within=PROBE_SECONDS)
    failures += failed
    choices = []
    for name, probe in probes.items():
        if problem := probe.refusal(rootful=request.rootful):
            failures.append(Failure(problem.error(name), name))
            continue
        variant, form = fitting[name]
        fresh = request.pull != NEVER
        source = image_word.source(wanted.profile, variant, image_word.stored, fresh=fresh)
        rootful = (ROOTFUL,) if probe.rootful else ()
        choices.append(
            Choice(
                fleet.runtime(name),
                fleet.backend(name),
                variant,
                form,
                source,
                options[name],
                notes=(*unused[name], *rootful, *_stale(source)),
                of_host=probe.notes,
            )
        )
    return choices, failures


def _stale(source: Source) -> tuple[str, ...]:
    if not source.stale:
        return ()
    build = f"abcd-run build {source.stored}"
    return (
        f"{source.stored} is older than its recipe, and --pull never rebuilds nothing: {build}",
    )


def _fits(backend: Backend, wanted: Target) -> tuple[Variant, str]:
    if fitting := _fitting(backend, wanted):
        return fitting
    takes = sorted({kind for form in backend.accepts for kind in formats.kinds(form)})
    raise image_word.none_takes(wanted, backend.name, " and ".join(takes) or "nothing")


def _all_options(
    backend: Backend, request: Request, wanted: Target
) -> tuple[Options, tuple[str, ...]]:
    """Return the profile's options for a runtime, and notes on those that nobody may trust."""
    own = _options(backend, request, wanted)
    given = wanted.brought.get(backend.name)
    if not given:
        return own, ()
    from abcd_run.plan import family_word  # noqa: PLC0415  (only strangers' profiles need it)

    brought, notes = family_word.trusted(backend, given, origin=wanted.profile.origin)
    return {**brought, **own}, notes


def _options(backend: Backend, request: Request, wanted: Target) -> Options:
    """Return the profile's options for a runtime. Raises `ProfileError`."""
    given, where = wanted.profile.on.get(backend.name, {}), wanted.profile.origin
    shape = {key: option.rule for key, option in backend.options.items()}
    options = schema.check(given, shape, where=where, path=f"on.{backend.name}.")
    problem = None if request.rootful else backend.trusts(options)
    if problem is None:
        return options
    raise ProfileError(
        f"{where}: on.{backend.name}.{problem.message}",
        details="it could give the instance rights on this host, so you must trust the profile "
        "like a program that you run as root",
        remedy=f"{problem.remedy}; or --rootful, if this is meant",
    )
