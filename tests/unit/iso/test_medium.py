from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.iso.build import build
from abcd_run.iso.direct import direct_boot
from abcd_run.iso.install import auto_install
from abcd_run.iso.menu import live_arguments

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.iso.conftest import MakeSystem


@pytest.mark.usefixtures("iso_tools")
def test_direct_boot_has_the_isos_own_kernel(make_system: MakeSystem, tmp_path: Path) -> None:
    system = make_system(arguments=("quiet",))
    iso = build(system, tmp_path / "a.iso")
    boot = direct_boot(iso, tmp_path / "boot")
    assert boot.kernel.read_bytes() == system.kernel.read_bytes()
    assert boot.initrd.read_bytes() == system.initrd.read_bytes()
    assert boot.arguments == live_arguments("quiet")
    assert {path.name for path in (tmp_path / "boot").iterdir()} == {"kernel", "initrd", "iso"}


@pytest.mark.usefixtures("iso_tools")
def test_direct_boot_copies_again_only_when_the_iso_is_another(
    make_system: MakeSystem, tmp_path: Path
) -> None:
    iso = build(make_system(), tmp_path / "a.iso")
    first = direct_boot(iso, tmp_path / "boot").kernel.stat()
    assert direct_boot(iso, tmp_path / "boot").kernel.stat() == first
    os.utime(iso)
    assert direct_boot(iso, tmp_path / "boot").kernel.stat() != first


@pytest.mark.usefixtures("iso_tools")
@pytest.mark.parametrize("name", ["kernel", "initrd", "iso"])
@pytest.mark.parametrize("damage", [b"", b"\xff garbage"])
def test_direct_boot_heals_what_was_damaged(
    make_system: MakeSystem, tmp_path: Path, name: str, damage: bytes
) -> None:
    system = make_system()
    iso = build(system, tmp_path / "a.iso")
    direct_boot(iso, tmp_path / "boot")
    (tmp_path / "boot" / name).write_bytes(damage)
    boot = direct_boot(iso, tmp_path / "boot")
    assert boot.kernel.read_bytes() == system.kernel.read_bytes()
    assert boot.initrd.read_bytes() == system.initrd.read_bytes()


@pytest.mark.usefixtures("iso_tools")
def test_auto_install_is_seen_on_the_medium(make_system: MakeSystem, tmp_path: Path) -> None:
    harmless = build(make_system(), tmp_path / "a.iso")
    writes = build(make_system(config="install:\n  auto: true\n"), tmp_path / "b.iso")
    argument = build(make_system(arguments=("install.auto",)), tmp_path / "c.iso")
    assert auto_install(harmless) is None
    assert auto_install(writes) == "/config.yaml has install.auto: true"
    assert auto_install(argument) == "the boot menu has install.auto"


@pytest.mark.parametrize("content", [b"", b"no iso" * 10_000])
def test_what_is_no_iso_is_said_so(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.iso"
    file.write_bytes(content)
    with pytest.raises(ArtifactError, match="as an ISO"):
        auto_install(file)
    with pytest.raises(ArtifactError, match="as an ISO"):
        direct_boot(file, tmp_path / "boot")
