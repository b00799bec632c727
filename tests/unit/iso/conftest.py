"""A system small enough to build its ISO in a test, and helpers that read ISOs and squashfs."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import pytest

from abcd_run.iso import tools
from abcd_run.iso.system import LiveSystem

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.iso.system import Sink

CREATED = 1_700_000_000


class MakeSystem(Protocol):
    def __call__(self, **changes: Any) -> LiveSystem: ...


def write_tar(file: Sink) -> None:
    """Write a root file system with an owner, a device, a hard link, an xattr and old times."""
    with tarfile.open(fileobj=cast("BinaryIO", file), mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "etc", type=tarfile.DIRTYPE, mode=0o755)
        _add(tar, "etc/passwd", b"root:x:0:0\n", mode=0o640, uid=0, gid=42)
        _add(tar, "etc/link", type=tarfile.LNKTYPE, linkname="etc/passwd")
        _add(tar, "null", type=tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3)
        _add(tar, "home", type=tarfile.DIRTYPE, mode=0o700, uid=1000, gid=1000)
        _add(tar, "opt/games", uid=1234, gid=1235, uname="games", gname="games", mode=0o644)
        _add(tar, "home/ünï", b"x" * 300_000, mode=0o4755, xattrs={"user.a": "b"})


def _add(
    tar: tarfile.TarFile, name: str, content: bytes = b"", *, xattrs: Any = (), **fields: Any
) -> None:
    info = tarfile.TarInfo(name)
    info.mtime = 1_600_000_000
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in dict(xattrs).items()}
    tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def make_system(tmp_path: Path) -> MakeSystem:
    kernel, initrd = tmp_path / "vmlinuz", tmp_path / "initrd"
    kernel.write_bytes(b"\0" * 0x202 + b"HdrS" + b"kernel" * 1000)
    initrd.write_bytes(b"initrd" * 1000)

    def make(**changes: Any) -> LiveSystem:
        fields: dict[str, Any] = {
            "write_tar": write_tar,
            "kernel": kernel,
            "initrd": initrd,
            "created": CREATED,
        }
        return LiveSystem(**(fields | changes))

    return make


@pytest.fixture(scope="session")
def iso_tools() -> None:
    """Skip if ISOs cannot be built here; in CI, fail instead."""
    if absent := tools.missing():
        message = f"not installed: {', '.join(absent)}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


def said_by(*argv: str | Path) -> str:
    """Return what a program prints."""
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
