"""Report what this host can do, what is missing, and how to fix it."""

from dataclasses import dataclass

from abcd_run.doctor import advisories, checks
from abcd_run.doctor.checks import Finding
from abcd_run.host import this_host
from abcd_run.plan import image_word
from abcd_run.plan.request import Request
from abcd_run.runtime import Backend, Probe, Problem
from abcd_run.session.opened import Opened


@dataclass(frozen=True, slots=True)
class RuntimeStatus:
    """A runtime, what it takes (best first), and the result of its probe."""

    name: str
    accepts: tuple[str, ...]
    probe: Probe

    @property
    def problem(self) -> Problem | None:
        """Why it cannot be used and how to fix that; None if it can."""
        return self.probe.refusal()

    @property
    def usable(self) -> bool:
        """Whether it can be used."""
        return self.problem is None

    @property
    def version(self) -> str:
        """Its version; empty if unknown."""
        return self.probe.version

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know although it can be used."""
        return self.probe.notes


@dataclass(frozen=True, slots=True)
class Fits:
    """How many instances of an image fit in the free memory; sizes in bytes."""

    count: int
    needs: int
    free: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The findings; `fits` is None if no image was named.

    `known_as_of` is the date of the list of advisories.
    """

    findings: tuple[Finding, ...]
    fits: Fits | None = None
    known_as_of: str = advisories.AS_OF

    @property
    def usable(self) -> bool:
        """Whether at least one runtime can be used."""
        return checks.any_usable(list(self.findings))


def runtimes(opened: Opened, on: tuple[str, ...]) -> tuple[RuntimeStatus, ...]:
    """Return the named runtimes, or all, probed in parallel."""
    fleet = opened.fleet()
    probes = checks.probe_all(fleet, on)
    backends = {name: fleet.registry.backend(name) for name in probes}
    return tuple(RuntimeStatus(name, _accepts(backends[name]), probes[name]) for name in probes)


def _accepts(backend: Backend | Problem) -> tuple[str, ...]:
    return backend.accepts if isinstance(backend, Backend) else ()


def doctor(opened: Opened, image: str) -> Diagnosis:
    """Check the host, its runtimes and, if one is named, an image."""
    findings = [*checks.host_checks(), *checks.runtime_checks(opened.fleet())]
    if not image:
        return Diagnosis(tuple(findings))
    wanted = image_word.resolve(Request(image), opened.catalogue())
    findings += checks.image_checks(wanted)
    return Diagnosis(tuple(findings), _fits(checks.memory_needed(wanted, opened.fleet())))


def _fits(needs: int) -> Fits:
    free = this_host.memory_available()
    return Fits(free // needs, needs, free)
