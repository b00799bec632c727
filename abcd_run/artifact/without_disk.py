"""Folders for machines without disks: a kernel, and an initrd that carries the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.artifact import live_iso, seeds
from abcd_run.disk import machine
from abcd_run.errors import ArtifactError
from abcd_run.host import scratch, xdg
from abcd_run.iso.medium import opened
from abcd_run.kernel import elf, initrd, netboot, settings
from abcd_run.kernel.parts import parts
from abcd_run.model import Artifact, Format, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from abcd_run.kernel.parts import Parts
    from abcd_run.runtime import Say

MIB = 1 << 20

OWN = """\
Each machine makes its own password at every start, and shows it on its screen and serial port."""
GIVEN = """\
The initrd has a seed with a password in it: whoever can read the initrd has the password."""

PREFIX = "serving-"
"""Prefix of the folders in the cache from which machines start."""


def artifact(plan: Plan, *, say: Say) -> Artifact:
    """Refuse: no runtime takes such a folder. Raises `ArtifactError`."""
    say(f"no runtime takes {plan.format}")
    raise ArtifactError(
        f"{plan.format} is made as a folder alone",
        remedy=f"abcd-run artifact {plan.image} --to {plan.format} -o FOLDER",
    )


def planned(plan: Plan) -> Artifact:
    """Return what `artifact` would, without a path."""
    return Artifact(plan.format, plan.source.name, reference=plan.source.location)


def write(plan: Plan, out: Path, *, say: Say) -> None:
    """Write a plan's kernel, initrd and their loaders' files into a new folder."""
    iso = live_iso.artifact(plan, say=say).path
    assert iso is not None
    seed = seeds.file(plan)
    with opened(iso) as medium:
        live = parts(medium)
        out.mkdir()
        say("writing the kernel")
        initrd.copy(medium, live.kernel, out / KERNELS[plan.format])
        initrd.write(medium, live, out / "initrd", seed=seed, say=say)
    if plan.format == Format.KERNEL:
        say("unpacking the kernel")
    for name, text in TEXTS[plan.format](plan, out, live).items():
        path = out / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def held() -> AbstractContextManager[Path]:
    """Make a folder in the cache for what is served, and remove it in the end."""
    return scratch.held(xdg.cache() / "netboot", PREFIX)


def prune() -> None:
    """Remove what killed servers left behind."""
    scratch.discard_abandoned(xdg.cache() / "netboot", PREFIX)


def _for_network(plan: Plan, out: Path, live: Parts) -> dict[str, str]:
    wanted = machine.of(plan)
    carried = -(-(out / "initrd").stat().st_size // MIB)
    return {
        netboot.SCRIPT: netboot.script(wanted.name, live.line),
        netboot.MENU: netboot.menu(wanted.name, live.line),
        "README": netboot.readme(wanted.name, wanted.memory, carried=carried, login=_login(plan)),
    }


def _for_hypervisors(plan: Plan, out: Path, live: Parts) -> dict[str, str]:
    unpacked = elf.unpack(out / "vmlinuz", out / "vmlinux")
    pvh = unpacked and elf.takes_pvh(out / "vmlinux")
    wanted = machine.of(plan)
    return settings.texts(wanted, live.arguments, elf=unpacked, pvh=pvh, login=_login(plan))


def _login(plan: Plan) -> str:
    return GIVEN if plan.seed.password else OWN


KERNELS: Mapping[str, str] = {Format.NETBOOT: "kernel", Format.KERNEL: "vmlinuz"}
TEXTS: Mapping[str, Callable[[Plan, Path, Parts], dict[str, str]]] = {
    Format.NETBOOT: _for_network,
    Format.KERNEL: _for_hypervisors,
}
