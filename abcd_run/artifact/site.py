"""Sites: folders of static files that boot a browser's variant, made from its image."""

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.artifact import oci_image
from abcd_run.backend.served_site import lock_of
from abcd_run.errors import ArtifactError
from abcd_run.host import locks, scratch, xdg
from abcd_run.model import Artifact, Format, Plan
from abcd_run.runtime import Say

if TYPE_CHECKING:
    from abcd_run.oci.model import Image

PREFIX = "making-"
MEMORY = 128 << 20
"""Bytes of a tab's machine, if its profile does not say."""
LEAST = 96 << 20
"""Bytes below which the emulator has no room for kernel and initrd."""
MOST = 1 << 30
"""Bytes above which browsers refuse."""


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Return the site of a plan, made if necessary. Raises `ArtifactError`."""
    image = oci_image.brought(plan, say=say)
    return _artifact(plan, _made(plan, image, say))


def planned(plan: Plan) -> Artifact:
    """Return what `artifact` would return, without making it; no path if that is not known yet."""
    try:
        return _artifact(plan, _place_of(plan, oci_image.opened(plan)))
    except (ArtifactError, OSError):
        return _artifact(plan, None)


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write the site of a plan into a new folder."""
    made = artifact(plan, say=say).path
    assert made is not None
    say(f"writing {out.name}")
    shutil.copytree(made, out)


def prune() -> None:
    """Remove what killed builds left behind, and sites that nobody can be given any more."""
    from abcd_run.oci.store import Store  # noqa: PLC0415  (only `prune` asks)

    if not folder().is_dir():
        return
    scratch.discard_abandoned(folder(), PREFIX)
    store = Store(xdg.store())
    for name in store.names():
        image = store.resolve(name)
        for path in folder().glob(f"{name}-????????????????-????????"):
            if image and not path.name.startswith(f"{name}-{_key(image)}-"):
                _remove(path)


def _remove(site: Path) -> None:
    """Remove a site that no instance shows."""
    lock = lock_of(site)
    with locks.locked(lock, wait=False) as unused:
        if unused:
            shutil.rmtree(site, ignore_errors=True)
            lock.unlink()


def folder() -> Path:
    """Return where sites are kept."""
    return xdg.cache() / "site"


def _artifact(plan: Plan, path: Path | None) -> Artifact:
    location = plan.source.location
    identity = path.name if path else ""
    return Artifact(Format.SITE, plan.source.name, reference=location, path=path, id=identity)


def _made(plan: Plan, image: "Image", say: Say) -> Path:
    target = _place_of(plan, image)
    if target.is_dir():
        return target
    from abcd_run.oci.rootfs import scan  # noqa: PLC0415  (most launches find it made)
    from abcd_run.site.build import Machine, build  # noqa: PLC0415

    memory = _memory(plan)
    say(f"reading {plan.variant}")
    machine = Machine(scan(image), plan.image, memory)
    with scratch.held(folder(), PREFIX) as work:
        site = work / "site"
        site.mkdir()
        build(machine, site, work, say=lambda step: say(f"making the site: {step}"))
        try:
            site.rename(target)
        except OSError:
            if not target.is_dir():  # another process was quicker
                raise
    return target


def _memory(plan: Plan) -> int:
    """Return the memory of a plan's machine, in bytes and whole MiB."""
    memory = (plan.resources.memory or MEMORY) >> 20 << 20
    if not LEAST <= memory <= MOST:
        raise ArtifactError(
            f"a tab cannot have {memory >> 20} MiB of memory",
            details=f"the emulator takes {LEAST >> 20} to {MOST >> 20} MiB",
            remedy="--set resources.tab=128MiB",
        )
    return memory


def _place_of(plan: Plan, image: "Image") -> Path:
    return folder() / f"{plan.source.stored}-{_key(image)}-{_recipe(plan)}"


def _key(image: "Image") -> str:
    return image.config_digest.partition(":")[2][:16]


def _recipe(plan: Plan) -> str:
    """Return a digest of all else that a site is made from."""
    from abcd_run import site  # noqa: PLC0415

    digest = hashlib.sha256()
    own = Path(site.__file__).parent
    for path in sorted(own.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.relative_to(own)}\0".encode() + path.read_bytes())
    digest.update(f"{plan.image}\0{_memory(plan)}".encode())
    return digest.hexdigest()[:8]
