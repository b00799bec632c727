"""Live ISOs: published ones, downloaded and checked, or built from an image with a kernel."""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run import limits
from abcd_run.artifact import oci_image
from abcd_run.concurrency.cancel import check
from abcd_run.errors import ArtifactError
from abcd_run.host import part_file, regular_file, scratch, xdg
from abcd_run.iso.cache import boot_folder, folder, short
from abcd_run.model import Artifact, Format, Origin, Plan
from abcd_run.runtime import Say
from abcd_run.units import format_size

if TYPE_CHECKING:
    from abcd_run.iso.system import LiveSystem, Sink
    from abcd_run.oci.model import Image
    from abcd_run.oci.rootfs import Rootfs

CHUNK = 1 << 20

PREFIX = "making-"
"""Prefix of the folders for files that a build takes from its image."""

DESCRIPTOR = 16 * 2048
"""Offset in bytes of an ISO's volume descriptor; its length in blocks is 80 bytes further on."""


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Return the ISO of a plan, downloaded or built if necessary. Raises `ArtifactError`."""
    if plan.source.origin is Origin.ISO:
        path = _published(plan, say)
        _refuse_installer(path, plan)
    else:
        path = _built(plan, oci_image.brought(plan, say=say), say)
    return Artifact(Format.ISO, plan.source.name, reference=plan.source.location, path=path)


def planned(plan: Plan) -> Artifact:
    """Return what `artifact` would return, without making it; no path if that is not known yet."""
    name, location = plan.source.name, plan.source.location
    path: Path | None = None
    if plan.source.origin is Origin.ISO:
        path = _place(plan) if "://" in location else Path(location)
    else:
        with suppress(ArtifactError, OSError):
            path = _place_of(plan, oci_image.opened(plan))
    return Artifact(Format.ISO, name, reference=location, path=path)


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write the ISO of a plan into a part, copied from the cache, and its sum beside that."""
    made = artifact(plan, say=say).path
    assert made is not None
    target = out.name.removesuffix(part_file.SUFFIX)
    say(f"writing {target}")
    digest = hashlib.sha256()
    with made.open("rb") as source, out.open("wb") as file:
        while piece := source.read(CHUNK):
            check()
            digest.update(piece)
            file.write(piece)
    for name in beside(plan, Path(target)):
        part_file.companion(out, name).write_text(f"{digest.hexdigest()}  {target}\n")


def beside(_plan: Plan, out: Path) -> tuple[str, ...]:
    """Return the name of the sum beside an ISO."""
    return (f"{out.name}.sha256",)


def prune() -> None:
    """Remove what killed builds and downloads left behind, and the ISOs of images that are gone."""
    from abcd_run.oci import fetched  # noqa: PLC0415
    from abcd_run.oci.store import Store  # noqa: PLC0415  (only `prune` asks)

    if not folder().is_dir():
        return
    part_file.discard_abandoned(folder())
    scratch.discard_abandoned(folder(), PREFIX)
    store = Store(xdg.store())
    for name in store.names():
        image = store.resolve(name)
        for path in folder().glob(f"{name}-????????????????-*.iso"):
            if image and _key(image) not in path.name:
                _remove(path)
    for path in folder().glob(f"{fetched.PREFIX}*.iso"):
        if fetched.is_left_behind(path):
            _remove(path)


def _remove(iso: Path) -> None:
    iso.unlink(missing_ok=True)
    for suffix in (".sha256", ".checked"):
        iso.with_name(iso.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(boot_folder(iso), ignore_errors=True)


# Published ISOs


def _published(plan: Plan, say: Say) -> Path:
    from abcd_run.download import fetch  # noqa: PLC0415  (only published ISOs need it)

    location, target = plan.source.location, _place(plan)
    if "://" in location and plan.pull == "never" and not target.is_file():
        raise ArtifactError(
            f"{location} is not here yet",
            details="--pull never forbids fetching it",
            remedy=f"abcd-run pull {plan.variant}",
        )
    if plan.pull == "always" and not plan.source.sha256:
        # Without a checksum nobody can tell an old file from a new one.
        target.unlink(missing_ok=True)
    sha256 = plan.source.sha256 or _sum_beside(location)
    if "://" in location:
        say(f"fetching {location}")
    return fetch(
        location,
        target,
        sha256=sha256,
        verify=_refuse_cut_off,
        progress=_progress(location, say),
        silent=lambda seconds: say(f"fetching {location}: no data from the server for {seconds} s"),
    )


def _place(plan: Plan) -> Path:
    """Return where a published ISO is kept: by its checksum, or else by its address."""
    key = plan.source.sha256[:16] or short(plan.source.location)
    return folder() / f"{plan.source.name}-{key}.iso"


def _sum_beside(location: str) -> str:
    """Return the checksum in FILE.sha256, as written beside ISOs; empty if there is none."""
    if "://" in location:
        return ""
    try:
        with regular_file.opened(Path(location + ".sha256")) as file:
            words = file.read(limits.TEXT_BYTES).decode().split()
    except (OSError, UnicodeDecodeError):
        return ""
    return words[0] if words and len(words[0]) == hashlib.sha256().digest_size * 2 else ""


def _progress(location: str, say: Say) -> Callable[[int, int | None], None]:
    def progress(done: int, total: int | None) -> None:
        of = f" of {format_size(total)}" if total else ""
        say(f"fetching {location}: {format_size(done)}{of}")

    return progress


def _refuse_cut_off(path: Path, name: str) -> None:
    """Raise `ArtifactError` if a file, called `name` in errors, is not a complete ISO."""
    with regular_file.opened(path) as file:
        file.seek(DESCRIPTOR)
        descriptor = file.read(84)
    if descriptor[1:6] != b"CD001":
        raise ArtifactError(f"{name} is not an ISO", remedy="check the profile's iso")
    length = int.from_bytes(descriptor[80:84], "little") * 2048
    if path.stat().st_size < length:
        raise ArtifactError(
            f"{name} is cut off",
            details=f"expected {length} bytes, found {path.stat().st_size}",
            remedy="fetch it again",
        )


def _refuse_installer(path: Path, plan: Plan) -> None:
    from abcd_run.iso.install import auto_install  # noqa: PLC0415  (only published ISOs need it)

    if plan.source.installs:
        return
    if automatic := auto_install(path):
        raise ArtifactError(
            f"{plan.source.name} would install itself without asking",
            details=f"{path}: {automatic}",
            remedy="use another ISO, or add --set abcdik.installs=true if this is meant",
        )


# ISOs that we build


def _built(plan: Plan, image: "Image", say: Say) -> Path:
    target = _place_of(plan, image)
    from abcd_run.iso.build import build, is_whole  # noqa: PLC0415  (published ISOs need none)

    if is_whole(target):
        return target
    from abcd_run.oci.rootfs import scan  # noqa: PLC0415  (most launches find it built)

    say(f"reading {plan.variant}")
    rootfs = scan(image)
    with scratch.held(folder(), PREFIX) as work:
        system = _system(plan, rootfs, work, say)
        return build(system, target, progress=lambda step: say(f"building the ISO: {step}"))


def _place_of(plan: Plan, image: "Image") -> Path:
    from abcd_run.iso.build import RECIPE  # noqa: PLC0415

    return folder() / f"{plan.source.stored}-{_key(image)}-{RECIPE}.iso"


def _key(image: "Image") -> str:
    return image.config_digest.partition(":")[2][:16]


def _system(plan: Plan, rootfs: "Rootfs", work: Path, say: Say) -> "LiveSystem":
    from abcd_run.iso.system import LiveSystem, choose_initrd, choose_kernel  # noqa: PLC0415

    boot = rootfs.find("/boot")
    names = list(boot.children or ()) if boot else []
    kernel, initrd = work / "kernel", work / "initrd"
    for path, name in ((kernel, choose_kernel(names)), (initrd, choose_initrd(names))):
        with path.open("wb") as file:
            rootfs.read(f"/boot/{name}", file)

    def write_tar(sink: "Sink") -> None:
        done = 0
        for piece in rootfs.tar():
            sink.write(piece)
            done += len(piece)
            say(f"building the ISO: root file system, {format_size(done)}")

    return LiveSystem(
        write_tar=write_tar,
        kernel=kernel,
        initrd=initrd,
        title=plan.image,
        created=_seconds(rootfs.image.config.created),
    )


def _seconds(created: str) -> int:
    try:
        return int(datetime.fromisoformat(created).timestamp())
    except (ValueError, OverflowError):
        return 0
