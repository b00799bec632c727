"""From a request to plans: which runtime, which variant, which name; nothing is touched yet."""

import re
import secrets
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from abcd_run import schema, variables
from abcd_run.backend import image_ports
from abcd_run.concurrency.cancel import call
from abcd_run.errors import AbcdRunError, ArtifactError, Failure, UsageError
from abcd_run.host import this_host
from abcd_run.host.os_errors import unexpected
from abcd_run.images.profile import Profile, Variant
from abcd_run.model import Kind, Plan, Ready, Resources, Seed, Service
from abcd_run.plan import given_seed, home, image_word
from abcd_run.plan.arguments import Publish, port
from abcd_run.plan.given_seed import Given
from abcd_run.plan.request import LOOPBACK, Request
from abcd_run.plan.selection import NEVER, Choice, choose
from abcd_run.plan.target import Target
from abcd_run.plugins import formats, readiness_kinds
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Runtime

PASSWORD_BYTES = 24
SEED_PREFIX = "ABCD_"
DEFAULT_USER = "abcd"
"""The user that an image without a profile is given; the ABCD images' own user."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Planned:
    """All launches of a request, and the runtimes that it cannot launch on."""

    plans: tuple[Plan, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    """Warnings for the user that do not stop the launch, each given once."""
    of_host: tuple[str, ...] = ()
    """The same, about what this host cannot do: true of every launch here."""


def plan(request: Request, wanted: Target, fleet: Fleet, *, usual_home: bool = False) -> Planned:
    """Return the plans of a request, and those that its runtimes refuse.

    `usual_home` is the user's setting for images that have a home. Raises if nothing can be
    launched at all.
    """
    _check(request)
    kept = home.share(request, wanted, usual=usual_home)
    choices, failures = choose(request, wanted, fleet)
    home.check_alone(kept, len(choices) * request.count)
    several = len(choices) * request.count > 1
    if several and (fixed := [one for one in request.publish if one.port]):
        raise UsageError(
            f"--publish {fixed[0]}: {len(choices) * request.count} instances cannot share a port",
            remedy="leave out the port to give each a free one",
        )
    plans: list[Plan] = []
    for choice in choices:
        each = _plans(request, wanted, choice, several=several)
        made = [home.kept_by(one, kept) for one in each]
        # They differ only in their names, which we chose: what holds for one holds for all.
        if refused := call(partial(_refused, choice.runtime, made[0])):
            failures += [Failure(refused, one.runtime, one.name) for one in made]
        else:
            plans += made
    said = (f"{choice.backend.name}: {note}" for choice in choices for note in choice.notes)
    notes = (*wanted.notes, *_new_services(request, wanted), *said)
    limits = [f"{choice.backend.name}: {note}" for choice in choices for note in choice.of_host]
    return Planned(tuple(plans), tuple(failures), notes, tuple(limits))


def _new_services(request: Request, wanted: Target) -> Iterator[str]:
    """Yield what becomes of the ports that no service of the profile has.

    An image without a profile has no services but these.
    """
    services = wanted.profile.services
    known = {word for one in services for word in (one.name, str(one.port))}
    for asked in request.publish:
        if wanted.adhoc or not asked.service.isdecimal() or asked.service in known:
            continue
        to = f"port {asked.port}" if asked.port else "a free port"
        choose = f"; to choose a service's port: --publish {services[0].name}=PORT"
        yield (
            f"--publish {asked}: {wanted.profile.name} has no service at port {asked.service}: "
            f"that port inside is published on {to} of this host{choose if services else ''}"
        )


def _refused(runtime: Runtime, one: Plan) -> AbcdRunError | None:
    """Return why a runtime refuses a plan, before anything is fetched for it."""
    try:
        runtime.check(one)
    except AbcdRunError as error:
        return error
    except Exception as error:  # noqa: BLE001  (a bug in one backend must not stop other launches)
        return unexpected(error)
    return None


def check_memory(plans: Iterable[Plan]) -> None:
    """Raise `HostTooSmall` if the instances need more memory than the host has free."""
    total = sum(one.resources.memory or 0 for one in plans)
    if not this_host.has_plenty(total):
        this_host.check_memory(total, this_host.memory_available())


def for_artifact(request: Request, wanted: Target, form: str, given: Given | None = None) -> Plan:
    """Return the plan for an artifact that is not meant for a runtime, with a seed if one is given.

    Raises `UsageError` for an unknown format, or `ArtifactError`.
    """
    formats.check(form)
    profile = wanted.profile
    variant = next((one for one in wanted.variants if one.kind in formats.kinds(form)), None)
    if variant is None:
        names = ", ".join(one.name for one in wanted.variants)
        kinds = " or ".join(formats.kinds(form))
        raise ArtifactError(
            f"{names} cannot become {form}",
            details=f"{form} is made from a variant {kinds}",
            remedy=f"abcd-run images lists the variants of {profile.name}",
        )
    plan = for_variant(request, profile, variant, form)
    return given_seed.planned(plan, given, user=profile.user or DEFAULT_USER) if given else plan


def for_variant(request: Request, profile: Profile, variant: Variant, form: str) -> Plan:
    """Return the plan for a variant that is made but not launched."""
    return Plan(
        name="",
        image=profile.name,
        variant=variant.name,
        kind=variant.kind,
        runtime="",
        format=form,
        source=image_word.source(profile, variant, image_word.stored, fresh=request.pull != NEVER),
        seed=Seed(hostname="", user="", password=""),
        profile=profile.origin,
        resources=_resources(profile.resources, variant.kind),
        services=_of_kind(profile.services, variant.kind),
        pull=request.pull,
    )


def free_name(image: str, runtime: str, taken: set[str]) -> str:
    """Return the first `IMAGE-RUNTIME-N` that is not taken."""
    stem = re.sub(r"[^a-z0-9]+", "-", f"{image}-{runtime}".lower()).strip("-")[:50]
    return _first_free(stem, taken)


def next_name(name: str, taken: set[str]) -> str:
    """Return the name with the first number that is not taken."""
    return _first_free(name.rpartition("-")[0], {*taken, name})


def _first_free(stem: str, taken: set[str]) -> str:
    numbers = range(1, len(taken) + 2)
    return next(name for number in numbers if (name := f"{stem}-{number}") not in taken)


def renamed(one: Plan, name: str) -> Plan:
    """Return the plan for an instance with another name."""
    return replace(one, name=name, seed=replace(one.seed, hostname=name))


def _check(request: Request) -> None:
    if request.name and not _NAME.fullmatch(request.name):
        raise UsageError(
            f"{request.name!r} cannot be an instance's name",
            remedy="use at most 63 of a-z, 0-9 and -, with a letter or digit at both ends",
        )
    variables.check(request.env)
    for share in request.shares:
        if share.source.is_dir():
            continue
        if share.source.exists():
            raise UsageError(
                f"{share.source}: not a folder", remedy=f"--share {share.source.parent}"
            )
        raise UsageError(f"{share.source}: no such folder", remedy=f"mkdir -p {share.source}")
    if request.address != LOOPBACK:
        _check_address(request.address)
    for key in request.env:
        _check_variable(key)


def _check_variable(key: str) -> None:
    """Refuse the seed's variables, so that what `show` prints of an instance stays true."""
    if not key.startswith(SEED_PREFIX):
        return
    others = f"use a name that does not begin with {SEED_PREFIX}"
    remedies = {"ABCD_PASSWORD": "--password-file FILE", "ABCD_USER": "--set user=NAME"}
    raise UsageError(
        f"--env {key}: names that begin with {SEED_PREFIX} are reserved for abcd-run",
        remedy=remedies.get(key, others),
    )


def _check_address(address: str) -> None:
    import ipaddress  # noqa: PLC0415  (few launches need anything but loopback)

    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        raise UsageError(
            f"--address {address}: not an IP address",
            remedy=f"--address {LOOPBACK} for this host only, 0.0.0.0 for every network",
        ) from error


def _plans(request: Request, wanted: Target, choice: Choice, *, several: bool) -> Iterator[Plan]:
    taken = {instance.name for instance in call(partial(choice.runtime.instances, detail=False))}
    for _ in range(request.count):
        if request.name and not several:
            name = request.name
        else:
            name = free_name(request.name or wanted.profile.name, choice.backend.name, taken)
        taken.add(name)
        yield _plan(request, wanted, choice, name)


def _plan(request: Request, wanted: Target, choice: Choice, name: str) -> Plan:
    profile = wanted.profile
    backend = choice.backend
    if request.command and not backend.takes_command:
        raise UsageError(
            f"{backend.name} cannot start a COMMAND in place of the image's own",
            remedy="launch without it, then: "
            f"abcd-run exec {name} -- {shlex.join(request.command)}",
        )
    readiness_kinds.check(profile.ready, where=profile.origin)
    services, ports = _published(_of_kind(profile.services, choice.variant.kind), request.publish)
    return Plan(
        name=name,
        image=profile.name,
        variant=choice.variant.name,
        kind=choice.variant.kind,
        runtime=backend.name,
        format=choice.format,
        source=choice.source,
        seed=_seed(request, wanted, choice, name),
        profile=profile.origin,
        account=profile.user,
        uid=profile.uid,
        homedir=profile.homedir,
        keepable=not backend.no_folders,
        resources=_resources(profile.resources, choice.variant.kind, choice.backend.memory),
        services=services,
        screen=profile.screen,
        exposed=wanted.exposed,
        described=not wanted.adhoc,
        address=request.address,
        ports=ports,
        shares=request.shares,
        env=request.env,
        command=request.command,
        ready=_ready(request, profile.ready, services),
        options=choice.options,
        pull=request.pull,
        rootful=request.rootful,
        named=name == request.name,
        created=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def _resources(wanted: Resources, kind: Kind, memory: int | None = None) -> Resources:
    """Return what an instance gets: of memory so many bytes, if its profile does not say.

    A machine's default memory counts as requested too: the host must have it.
    """
    tab = wanted.tab if kind is Kind.BROWSER else None
    return replace(wanted, memory=tab or wanted.memory or memory, tab=None)


def _seed(request: Request, wanted: Target, choice: Choice, name: str) -> Seed:
    return Seed(
        hostname=name,
        user=wanted.profile.user or DEFAULT_USER,
        password=request.password or secrets.token_urlsafe(PASSWORD_BYTES),
        # A stranger's image need not learn who launches it: a public key identifies a person.
        ssh_key="" if wanted.adhoc else this_host.ssh_key(Path.home()),
        keyboard=request.keyboard or this_host.keyboard(),
        locale=request.locale or this_host.locale(),
        image=wanted.profile.name,
        kind=choice.variant.kind,
        runtime=choice.backend.name,
        login=wanted.profile.login,
    )


def _of_kind(services: tuple[Service, ...], kind: Kind) -> tuple[Service, ...]:
    return tuple(one for one in services if one.kind in ("", kind))


def _ready(request: Request, ready: Ready, services: tuple[Service, ...]) -> Ready:
    if request.timeout:
        ready = replace(ready, timeout=request.timeout)
    known = ready.service in [service.name for service in services]
    if known or ready.console or ready.kind or not services:
        return ready
    first = next((service for service in services if service.open), services[0])
    return replace(ready, service=first.name)


def _published(
    services: tuple[Service, ...], publish: tuple[Publish, ...]
) -> tuple[tuple[Service, ...], dict[int, int]]:
    """Return the services plus those that `--publish` adds, and the host ports that it fixes."""
    by_name = {service.name: service for service in services}
    ports: dict[int, int] = {}
    for asked in publish:
        name = asked.service
        if name.isdecimal() and name not in by_name:
            name = _service_at(port(name, str(asked)), by_name)
        if name not in by_name:
            raise UsageError(
                f"--publish {asked}: no service {name!r}",
                remedy=schema.did_you_mean(name, by_name, "give a service's name or a port"),
            )
        if asked.port:
            ports[by_name[name].port] = asked.port
    return tuple(by_name.values()), ports


def _service_at(number: int, by_name: dict[str, Service]) -> str:
    """Return the name of the service at a port, adding a new service if there is none."""
    for name, service in by_name.items():
        if service.port == number:
            return name
    service = image_ports.exposed_services([number])[0]
    by_name[service.name] = service
    return service.name
