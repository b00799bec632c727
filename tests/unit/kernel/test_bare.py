"""A kernel for emulated machines: unpacked once, and again when something has changed."""

import errno
from pathlib import Path

import pytest

from abcd_run.kernel import elf
from abcd_run.kernel.bare import bare
from tests.unit.kernel import kernels

WHOLE = kernels.elf(kernels.XEN_START)


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """Return a kernel that a machine can enter."""
    path = tmp_path / "kernel"
    path.write_bytes(kernels.bzimage(kernels.xz(WHOLE)))
    return path


def test_it_is_unpacked_once(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bare(kernel)
    assert made is not None
    assert made.read_bytes() == WHOLE
    monkeypatch.setattr(elf, "unpack", lambda *_: pytest.fail("once more"))
    assert bare(kernel) == made


def test_what_has_changed_is_unpacked_again(kernel: Path) -> None:
    made = bare(kernel)
    assert made is not None
    made.write_bytes(b"damaged")
    assert bare(kernel) == made
    assert made.read_bytes() == WHOLE
    other = kernels.elf(kernels.XEN_START, (6, b"GNU\0"))
    kernel.write_bytes(kernels.bzimage(kernels.gzip(other)))
    assert bare(kernel) == made
    assert made.read_bytes() == other


@pytest.mark.parametrize("content", [b"no kernel", kernels.bzimage(kernels.xz(kernels.elf()))])
def test_one_that_no_machine_can_enter(kernel: Path, content: bytes) -> None:
    assert bare(kernel)
    kernel.write_bytes(content)
    assert bare(kernel) is None
    assert bare(kernel) is None
    assert sorted(path.name for path in kernel.parent.iterdir()) == ["kernel", "vmlinux.of"]


def test_a_full_disk_starts_the_kernel_as_it_is(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_kernel: Path, out: Path) -> bool:
        out.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as its:
        its.setattr(elf, "unpack", full)
        assert bare(kernel) is None
        assert [path.name for path in kernel.parent.iterdir()] == ["kernel"]
    assert bare(kernel) == kernel.with_name("vmlinux")  # once there is room
