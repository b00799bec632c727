from __future__ import annotations

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.iso.system import choose_initrd, choose_kernel


@pytest.mark.parametrize(
    ("names", "kernel", "initrd"),
    [
        (["vmlinuz-lts", "vmlinuz", "initramfs-lts", "initrd"], "vmlinuz", "initrd"),
        (["config-6.1", "initrd.img-6.1", "vmlinuz-6.1"], "vmlinuz-6.1", "initrd.img-6.1"),
        (["Image", "initramfs.img", "vmlinuz"], "Image", "initramfs.img"),
        (["vmlinuz-6.1-b", "vmlinuz-6.1-a", "initrd-2", "initrd-1"], "vmlinuz-6.1-a", "initrd-1"),
    ],
)
def test_chooses_as_kairos_does(names: list[str], kernel: str, initrd: str) -> None:
    assert choose_kernel(names) == kernel
    assert choose_initrd(names) == initrd


def test_an_image_without_a_kernel_is_refused() -> None:
    with pytest.raises(ArtifactError, match="no kernel in /boot"):
        choose_kernel(["grub", "initrd"])
    with pytest.raises(ArtifactError, match="no initrd in /boot"):
        choose_initrd([])
