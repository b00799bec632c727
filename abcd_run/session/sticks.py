"""Sticks: which disks may be written, and a live ISO on one of them."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from abcd_run.artifact import obtain, seeds
from abcd_run.concurrency.cancel import heeding
from abcd_run.errors import AbcdRunError, UsageError
from abcd_run.host import install, scratch, xdg
from abcd_run.model import Format, Plan
from abcd_run.plan import image_word, planner
from abcd_run.plan.given_seed import Given
from abcd_run.plan.request import Request
from abcd_run.runtime import Say
from abcd_run.session.opened import Opened
from abcd_run.stick import block, keeping, parts, refusal, write
from abcd_run.stick.block import Disk, Places
from abcd_run.stick.parts import Part
from abcd_run.units import format_size
from abcd_run.visible import visible

PLACES = Places()
NOTHING = Given({}, {})
PREFIX = "making-"
"""Of the folder for partitions; `prune` removes those of killed processes, as it does ISOs'."""


@dataclass(frozen=True, slots=True)
class ListedDisk:
    """A disk of this host, and why it is not written; `refused` is empty for a stick."""

    disk: Disk
    refused: str = ""


@dataclass(frozen=True, slots=True)
class WrittenStick:
    """A stick with a variant's live ISO, of `size` bytes, which took so many seconds.

    `kept` are the bytes of the partition for what a person saves; 0 if there is none.
    """

    variant: str
    disk: Disk
    size: int
    seconds: float
    kept: int = 0


def disks() -> tuple[ListedDisk, ...]:
    """Return this host's disks, sticks first."""
    _require_linux()
    listed = []
    for one in block.disks(PLACES):
        why = next(refusal.reasons(PLACES, one, needed=0, large=False), "")
        listed.append(ListedDisk(one, why))
    return tuple(sorted(listed, key=lambda one: bool(one.refused)))


def put(
    opened: Opened,
    image: str,
    device: Path,
    *,
    agree: Callable[[Disk], None],
    large: bool,
    persist: bool = False,
    given: Given = NOTHING,
) -> WrittenStick:
    """Write an image on a stick, once `agree` has returned for what is there.

    Raises `UsageError` for a disk that is refused, and `AbcdRunError` for one that fails.
    """
    _require_linux()
    if persist:
        keeping.program()
    disk = refusal.named(PLACES, device)
    refusal.refuse(PLACES, disk, large=large)
    if not os.access(disk.device, os.R_OK | os.W_OK):
        raise _no_right(disk, image)
    request = Request(image)
    wanted = image_word.resolve(request, opened.catalogue())
    plan = planner.for_artifact(request, wanted, Format.ISO, given)
    agree(disk)
    say = heeding(partial(opened.teller().say, plan.variant))
    iso = obtain(plan, opened.fleet(), say=say).path
    assert iso is not None
    begun = time.monotonic()
    with scratch.held(xdg.cache() / "iso", PREFIX) as work:
        needed = _needed(iso, disk, seed=bool(given), persist=persist)
        behind = _behind(iso, disk, plan if given else None, work, persist=persist, say=say)
        with _open(disk, image) as target:
            write.recheck(PLACES, disk, target, needed=needed, large=large)
            size = write.write(iso, disk, target, say=say, parts=behind)
            target.eject()
    kept = behind[-1].size if persist else 0
    return WrittenStick(plan.variant, disk, size, time.monotonic() - begun, kept)


def _needed(iso: Path, disk: Disk, *, seed: bool, persist: bool) -> int:
    """Return how many bytes a stick must have. Raises `UsageError` if partitions have no room."""
    size = iso.stat().st_size
    if not (seed or persist):
        return parts.behind(size) + write.END
    needed = parts.needed(size, seed=seed, keeps=persist)
    if disk.size < needed:
        raise UsageError(
            f"{disk.device} is not written: it has {format_size(disk.size)}, too little for "
            f"{format_size(needed)}",
            details=f"the system has {format_size(size)}; what is saved needs "
            f"{format_size(parts.LEAST)} behind it, a seed {format_size(parts.SEED)}",
            remedy=f"{refusal.LIST}; or write it without them",
        )
    return needed


def _behind(
    iso: Path, disk: Disk, seeded: Plan | None, work: Path, *, persist: bool, say: Say
) -> tuple[Part, ...]:
    """Make what lies behind the ISO: the seed of a plan, and what a person saves on the rest."""
    made = list[Part]()
    start = parts.behind(iso.stat().st_size)
    if seeded:
        seeds.write_cd(seeded, work / "seed")
        made.append(Part("cidata", start, parts.SEED, work / "seed"))
        start += parts.SEED
    if persist:
        size = parts.rest(start, disk.size)
        keeping.make(work / "kept", size, say=say)
        made.append(Part(keeping.LABEL, start, size, work / "kept"))
    return tuple(made)


@contextmanager
def _open(disk: Disk, image: str) -> Iterator[write.Target]:
    try:
        device = _device(disk.device)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise _no_right(disk, image) from error
        why = "it is in use" if error.errno == errno.EBUSY else error.strerror or str(error)
        raise UsageError(f"{disk.device} is not written: {why}", remedy=refusal.LIST) from error
    with closing(device):
        yield device


def _device(path: Path) -> write.Target:
    if sys.platform == "linux":
        from abcd_run.stick.device import Device  # noqa: PLC0415  (there is none elsewhere)

        return Device(path)
    raise _not_here()


def _require_linux() -> None:
    if sys.platform != "linux":
        raise _not_here()


def _not_here() -> UsageError:
    return UsageError("sticks are written on Linux", remedy=install.elsewhere())


def _no_right(disk: Disk, image: str) -> AbcdRunError:
    """Return what gives the right to write this stick, and what to type without it."""
    rule = f'ENV{{ID_SERIAL_SHORT}}=="{disk.serial}", ' if disk.serial else ""
    word = visible(image)
    return UsageError(
        f"you may not write {disk.device}",
        details=f"its group may: {_group(disk.device)}, for all disks. For whoever sits here and "
        f"this stick alone, a line in /etc/udev/rules.d/72-sticks.rules, then plug it in again:\n"
        f'SUBSYSTEM=="block", {rule}TAG+="uaccess"',
        remedy=f"abcd-run artifact {word} --to iso -o {word}.iso\n"
        f"sudo dd if={word}.iso of={disk.device} bs=4M oflag=direct conv=fsync status=progress",
    )


def _group(device: Path) -> str:
    if sys.platform == "win32":
        return ""
    try:
        return device.group()
    except (OSError, KeyError):
        return "root"
