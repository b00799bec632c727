"""A kernel without what unpacks it: an emulated processor would do that for seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from abcd_run.host.file_stamp import stamp_of
from abcd_run.host.part_file import companion, part_of
from abcd_run.kernel import elf

if TYPE_CHECKING:
    from pathlib import Path

_NONE: Final = ["none"]


def bare(kernel: Path) -> Path | None:
    """Return the ELF file in a kernel, unpacked beside it once; None if no machine can enter it.

    It is unpacked again if the kernel or the file has changed. Raises `ArtifactError`.
    """
    out, record = kernel.with_name("vmlinux"), kernel.with_name("vmlinux.of")
    with part_of(record) as part:
        if not _is_current(record, kernel, out):
            part.empty()
            try:
                _unpack(kernel, out, companion(part.path, "vmlinux"))
            except OSError:  # no room, for example: this machine starts all the same, only later
                part.discard()
                return None
            part.file.write(_state(kernel, out))
            part.finish()
    return out if out.exists() else None


def _unpack(kernel: Path, out: Path, made: Path) -> None:
    """Replace the file: machines that are being started may still read the last one."""
    if elf.unpack(kernel, made) and elf.takes_pvh(made):
        made.replace(out)
    else:
        out.unlink(missing_ok=True)


def _is_current(record: Path, kernel: Path, out: Path) -> bool:
    try:
        return record.read_bytes() == _state(kernel, out)
    except FileNotFoundError:
        return False


def _state(kernel: Path, out: Path) -> bytes:
    made = stamp_of(out) if out.exists() else _NONE
    return "\n".join([*stamp_of(kernel), *made]).encode()
