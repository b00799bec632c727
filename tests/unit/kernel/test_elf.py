"""The ELF file in a bzImage: of every usual packing, and of a stranger's kernel."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.kernel import elf
from tests.unit.kernel import kernels

Pack = Callable[[bytes], bytes]
WHOLE = kernels.elf((6, b"Xen\0"), kernels.XEN_START)


@pytest.mark.parametrize("pack", [kernels.xz, kernels.gzip, kernels.zstd])
def test_every_usual_packing(tmp_path: Path, pack: Pack) -> None:
    kernel, out = tmp_path / "vmlinuz", tmp_path / "vmlinux"
    kernel.write_bytes(kernels.bzimage(pack(WHOLE)))
    assert elf.unpack(kernel, out)
    assert out.read_bytes() == WHOLE
    assert elf.takes_pvh(out)


@pytest.mark.parametrize(
    "kernel",
    [
        b"", b"MZ", bytes(3000), kernels.bzimage(b""), kernels.bzimage(b"\x02!L\x18 lz4"),
        kernels.bzimage(kernels.xz(WHOLE)[:-400]), kernels.bzimage(kernels.gzip(WHOLE)[:-90]),
        kernels.bzimage(kernels.zstd(WHOLE)[:-90]), kernels.bzimage(kernels.xz(b"no ELF file")),
        kernels.bzimage(kernels.xz(WHOLE).replace(b"\x21\x01", b"\x21\x02", 1)),
    ],
)  # fmt: skip
def test_what_cannot_be_unpacked(tmp_path: Path, kernel: bytes) -> None:
    (tmp_path / "vmlinuz").write_bytes(kernel)
    assert not elf.unpack(tmp_path / "vmlinuz", tmp_path / "vmlinux")
    assert not (tmp_path / "vmlinux").exists()


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elf, "LARGEST", 3 * elf.MIB)
    for size, fits in ((2, True), (4, False)):
        content = WHOLE + bytes(size * elf.MIB)
        (tmp_path / "vmlinuz").write_bytes(kernels.bzimage(kernels.xz(content)))
        assert elf.unpack(tmp_path / "vmlinuz", tmp_path / "vmlinux") == fits


@pytest.mark.parametrize(
    "content",
    [
        kernels.elf(), kernels.elf((18, b"GNU\0")), kernels.elf((6, b"Xen\0")), WHOLE[:70],
        WHOLE[:170],
        WHOLE[:32] + b"\xff" * 8 + WHOLE[40:], b"no ELF file",
        kernels.elf().replace(b"kernel", b"\xff" * 6),
    ],
)  # fmt: skip
def test_a_kernel_without_an_entry_for_pvh(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vmlinux").write_bytes(content)
    assert not elf.takes_pvh(tmp_path / "vmlinux")
