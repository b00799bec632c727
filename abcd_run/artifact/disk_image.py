"""Disks and appliances for hypervisors that no runtime drives: all hold the live ISO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.artifact import live_iso, seeds
from abcd_run.disk import convert, hyperv, identity, machine, ovf, raw, vmx
from abcd_run.errors import ArtifactError
from abcd_run.host.part_file import SUFFIX, companion
from abcd_run.model import Artifact, Format, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from uuid import UUID

    from abcd_run.runtime import Say

DISK = "-disk1.vmdk"
"""The end of the name of a disk beside its machine's settings."""


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Refuse: no runtime takes a disk. Raises `ArtifactError`."""
    say(f"no runtime takes {plan.format}")
    raise ArtifactError(
        f"{plan.format} is made as a file alone",
        remedy=f"abcd-run artifact {plan.image} --to {plan.format} -o FILE.{plan.format}",
    )


def planned(plan: Plan) -> Artifact:
    """Return what `artifact` would, without a path."""
    return Artifact(plan.format, plan.source.name, reference=plan.source.location)


def beside(plan: Plan, out: Path) -> tuple[str, ...]:
    """Return the names of what belongs beside a file: a script, or a disk.

    Raises `ArtifactError` if this host cannot make them, before anything is built for them.
    """
    if plan.format != Format.RAW:
        convert.require()
    names = {Format.VHDX: out.name + hyperv.SUFFIX, Format.VMX: out.stem + DISK}
    return tuple(name for form, name in names.items() if form == plan.format)


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write a plan's disk into a part, and what belongs beside it as its companions."""
    iso = live_iso.artifact(plan, say=say).path
    assert iso is not None
    if plan.format == Format.RAW:
        say("writing the disk")
        raw.write(iso, out)
        return
    disk = companion(out, "raw")
    say("making a disk of the ISO")
    raw.write(iso, disk)
    say(f"converting the disk to {plan.format}")
    MAKERS[plan.format](plan, disk, out, identity.identity(disk))
    disk.unlink()


def _qcow2(_plan: Plan, disk: Path, out: Path, _own: UUID) -> None:
    convert.convert(disk, out, "qcow2")


def _vmdk(_plan: Plan, disk: Path, out: Path, own: UUID) -> None:
    _sparse(disk, out, own, _target(out).name)


def _vhdx(plan: Plan, disk: Path, out: Path, own: UUID) -> None:
    convert.convert(disk, out, "vhdx", "subformat=dynamic", "block_size=1M")
    identity.of_vhdx(out, own)
    (name,) = beside(plan, _target(out))
    text = hyperv.script(machine.of(plan), cds=seeds.beside(plan, _target(out)))
    companion(out, name).write_bytes(text.encode("ascii", "replace"))


def _ova(plan: Plan, disk: Path, out: Path, own: UUID) -> None:
    streamed, wanted = companion(out, "vmdk"), machine.of(plan)
    convert.convert(disk, streamed, "vmdk", "subformat=streamOptimized")
    identity.of_vmdk(streamed, own, wanted.name + DISK)
    ovf.write(out, wanted, streamed, capacity=disk.stat().st_size)


def _vmx(plan: Plan, disk: Path, out: Path, own: UUID) -> None:
    (name,) = beside(plan, _target(out))
    _sparse(disk, companion(out, name), own, name)
    out.write_text(
        vmx.settings(machine.of(plan), name, cds=seeds.beside(plan, _target(out))), encoding="utf-8"
    )


def _sparse(disk: Path, out: Path, own: UUID, name: str) -> None:
    convert.convert(disk, out, "vmdk", "subformat=monolithicSparse", "adapter_type=lsilogic")
    identity.of_vmdk(out, own, name)


def _target(part: Path) -> Path:
    return part.with_name(part.name.removesuffix(SUFFIX))


MAKERS: Mapping[str, Callable[[Plan, Path, Path, UUID], None]] = {
    Format.QCOW2: _qcow2,
    Format.VMDK: _vmdk,
    Format.VHDX: _vhdx,
    Format.OVA: _ova,
    Format.VMX: _vmx,
}
