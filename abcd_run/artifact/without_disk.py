"""Folders for machines without disks: a kernel, and an initrd that carries the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abcd_run.artifact import live_iso
from abcd_run.disk import machine
from abcd_run.errors import ArtifactError
from abcd_run.host import scratch, xdg
from abcd_run.iso.medium import opened
from abcd_run.kernel import initrd, netboot
from abcd_run.kernel.parts import parts
from abcd_run.model import Artifact, Plan

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from abcd_run.kernel.parts import Parts
    from abcd_run.runtime import Say

MIB = 1 << 20

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
    seed = plan.seed.file() if plan.seed.password else b""
    with opened(iso) as medium:
        live = parts(medium)
        out.mkdir()
        say("writing the kernel")
        initrd.copy(medium, live.kernel, out / "kernel")
        initrd.write(medium, live, out / "initrd", seed=seed, say=say)
    _netboot(plan, out, live)


def held() -> AbstractContextManager[Path]:
    """Make a folder in the cache for what is served, and remove it in the end."""
    return scratch.held(xdg.cache() / "netboot", PREFIX)


def prune() -> None:
    """Remove what killed servers left behind."""
    scratch.discard_abandoned(xdg.cache() / "netboot", PREFIX)


def _netboot(plan: Plan, out: Path, parts: Parts) -> None:
    wanted = machine.of(plan)
    texts = {
        netboot.SCRIPT: netboot.script(wanted.name, parts.line),
        netboot.MENU: netboot.menu(wanted.name, parts.line),
        "README": netboot.readme(
            wanted.name,
            wanted.memory,
            carried=-(-(out / "initrd").stat().st_size // MIB),
            seeded=bool(plan.seed.password),
        ),
    }
    for name, text in texts.items():
        path = out / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
