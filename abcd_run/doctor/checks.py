"""What `doctor` checks: each finding says what is wrong and what to type."""

import getpass
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.doctor import advisories
from abcd_run.doctor.advisories import Known, Package
from abcd_run.errors import ArtifactError, Failure
from abcd_run.host import install, this_host, xdg
from abcd_run.plan.selection import PROBE_SECONDS, takes
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Backend, Consists, Probe, Problem, Runtime
from abcd_run.units import format_size

if TYPE_CHECKING:
    from abcd_run.images.profile import Variant
    from abcd_run.oci.model import Image
    from abcd_run.plan.target import Target

SUBIDS_NEEDED = 65536
SMALLEST_MEMORY = 256 * 2**20
"""The memory that we assume an image without a profile needs, in bytes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `runtime` says whether it is about a runtime.

    `known` are the published advisories for the versions of its parts.
    """

    name: str
    good: bool
    says: str
    remedy: str = ""
    runtime: bool = False
    known: tuple[Known, ...] = ()


def any_usable(findings: list[Finding]) -> bool:
    """Return whether any runtime is usable."""
    return any(finding.runtime and finding.good for finding in findings)


def probe_all(fleet: Fleet, on: tuple[str, ...] = ()) -> dict[str, Probe]:
    """Ask all runtimes, or some, side by side, whether they are usable."""
    for name in on:
        fleet.registry.known(name)
    names = list(on) or fleet.registry.names()
    absent = {name: fleet.absence(name) for name in names}
    here = [name for name, problem in absent.items() if problem is None]
    answers, failures = fleet.ask(here, lambda runtime: runtime.probe(), within=PROBE_SECONDS)
    failed = {failure.runtime: _failed(failure) for failure in failures}
    return {
        name: answers.get(name) or failed.get(name) or Probe(problem=absent[name]) for name in names
    }


def _failed(failure: Failure) -> Probe:
    return Probe(problem=Problem(failure.error.message, failure.error.remedy))


def runtime_checks(fleet: Fleet) -> Iterator[Finding]:
    """Yield a finding for each runtime."""
    probes = probe_all(fleet)
    usable = [name for name, probe in probes.items() if probe.refusal() is None]
    parts, _silent = fleet.ask(usable, _components, within=PROBE_SECONDS)
    for name, probe in probes.items():
        if problem := probe.refusal():
            yield Finding(
                name, good=False, says=problem.message, remedy=problem.remedy, runtime=True
            )
        else:
            says = "; ".join([f"usable, version {probe.version}", *probe.notes, *probe.advice])
            against = known(parts.get(name, {}))
            yield Finding(name, good=True, says=says, runtime=True, known=against)


def memory_needed(wanted: "Target", fleet: Fleet) -> int:
    """Return how much memory an instance needs on the best runtime here, in bytes."""
    for name in dict.fromkeys((*wanted.profile.runtimes, *fleet.present())):
        backend = fleet.registry.backend(name)
        if isinstance(backend, Backend) and takes(backend, wanted):
            return wanted.profile.resources.memory or backend.memory or SMALLEST_MEMORY
    return wanted.profile.resources.memory or SMALLEST_MEMORY


def known(versions: Mapping[str, str]) -> tuple[Known, ...]:
    """Return the advisories for parts, by name and version, that no package has fixed."""
    against = (part for part in versions if advisories.known(part, versions[part]))
    return tuple(
        one
        for part in against
        for one in advisories.known(part, versions[part], advisories.package(part))
    )


def image_checks(wanted: "Target") -> Iterator[Finding]:
    """Yield the services that a target's images bring, for images that are on this host.

    Reads their layers, which takes seconds.
    """
    from abcd_run.oci.packages import installed  # noqa: PLC0415  (only `doctor` reads images)

    for variant in wanted.variants:
        try:
            image = _image(variant)
            versions = installed(image, advisories.SERVED) if image else {}
        except ArtifactError as error:
            yield Finding(variant.name, good=False, says=error.message, remedy=error.remedy)
            continue
        if versions:
            says = ", ".join(f"{name} {version}" for name, version in versions.items())
            packages = {name: Package(version) for name, version in versions.items()}
            against = (advisories.known(name, versions[name], packages[name]) for name in versions)
            known = tuple(one for some in against for one in some)
            yield Finding(variant.name, good=True, says=f"includes {says}", known=known)


def _image(variant: "Variant") -> "Image | None":
    """Return a variant's image from this disk, or None if it is not here."""
    from abcd_run.oci.reader import open_image  # noqa: PLC0415
    from abcd_run.oci.store import Store  # noqa: PLC0415

    if variant.archive:
        return open_image(variant.archive)
    store = Store(xdg.store())
    return store.resolve(variant.name) or (store.resolve(variant.image) if variant.image else None)


def _components(runtime: Runtime) -> Mapping[str, str]:
    return runtime.components() if isinstance(runtime, Consists) else {}


def host_checks() -> Iterator[Finding]:
    """Yield what the host has or lacks for launching without root."""
    if install.BUILDS:
        yield _subids("/etc/subuid")
        yield _subids("/etc/subgid")
        yield _program("newuidmap", package="uidmap")
        yield _session()
    free = this_host.memory_available()
    yield Finding("memory", good=True, says=f"{format_size(free)} free" if free else "unknown")
    yield _disk()
    if install.BUILDS:
        yield _program("mmdebstrap", package="mmdebstrap", only="building images")
        yield from _served()


def _served() -> Iterator[Finding]:
    """Yield the services that images usually bring, but that this host's distribution provides."""
    for name in advisories.SERVED:
        if package := advisories.package(name):
            against = advisories.known(name, package.version, package)
            yield Finding(name, good=True, says=f"{package.version} on this host", known=against)


def _subids(path: str) -> Finding:
    """Check this user's subordinate ids: without them a container has only one uid."""
    who = {getpass.getuser(), str(this_host.user())}
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        lines = []
    ranges = [line.split(":") for line in lines]
    count = sum(int(fields[2]) for fields in ranges if len(fields) == 3 and fields[0] in who)  # noqa: PLR2004
    option = "--add-subuids" if path.endswith("uid") else "--add-subgids"
    return Finding(
        path,
        good=count >= SUBIDS_NEEDED or this_host.user() == 0,
        says=f"{count} ids for {getpass.getuser()}",
        remedy=f"sudo usermod {option} 100000-165535 {getpass.getuser()}",
    )


def _program(name: str, *, package: str, only: str = "") -> Finding:
    path = shutil.which(name)
    says = path or "not installed" + (f"; only {only} needs it" if only else "")
    return Finding(name, good=bool(path), says=says, remedy=install.line(package))


def _session() -> Finding:
    folder, problem = xdg.runtime_dir(), xdg.runtime_dir_problem()
    return Finding(
        "XDG_RUNTIME_DIR",
        good=folder is not None and not problem,
        says=problem or str(folder or "this user has no folder for sockets"),
        remedy="log in directly, not through su or sudo; or: sudo loginctl enable-linger $USER",
    )


def _disk() -> Finding:
    folder = next(part for part in (xdg.cache(), *xdg.cache().parents) if part.exists())
    free = shutil.disk_usage(folder).free
    usable = folder.is_dir() and os.access(folder, os.W_OK)
    says = f"{format_size(free)} free for images in {xdg.cache()}"
    return Finding(
        "disk",
        good=usable and free > 2**30,
        says=says if usable else f"{folder} is not a writable folder, so {xdg.cache()} is unusable",
        remedy="free some space, or set ABCD_RUN_CACHE to a folder that has enough",
    )
