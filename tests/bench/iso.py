"""OCI image to live ISO: ours against umoci, mksquashfs and grub-mkrescue, as the same user."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from abcd_run.host import xdg
from abcd_run.iso.build import build
from abcd_run.iso.system import LiveSystem, Sink, choose_initrd, choose_kernel
from abcd_run.oci.reader import open_image
from abcd_run.oci.rootfs import scan
from tests.bench.measure import Row, Side, compare

Way = Callable[[Path, Path], Path]

MENU = "linux /boot/kernel root=live:CDLABEL=COS_LIVE\ninitrd /boot/initrd\nboot\n"


def rows(runs: int, scratch: Path) -> Iterator[Row]:
    """Yield each row as soon as it is measured."""
    archive = scratch / "abcdik.oci.tar"
    run("abcd-run", "-q", "artifact", "abcd4demo", "--to", "iso", "-o", scratch / "first.iso")
    run("skopeo", "copy", f"oci:{xdg.store()}:abcdik4demo", f"oci-archive:{archive}")
    yield compare(
        "OCI image to live ISO",
        _side("abcd-run artifact --to iso", ours, archive, scratch),
        _side("umoci unpack, mksquashfs, grub-mkrescue", native, archive, scratch),
        runs=runs,
    )


def _side(name: str, way: Way, archive: Path, scratch: Path) -> Side:
    folder = scratch / "iso"

    def make() -> None:
        folder.mkdir()
        way(archive, folder)

    def after() -> None:
        subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=True)  # umoci keeps the modes
        shutil.rmtree(folder)

    return Side(name, make, after)


def ours(archive: Path, folder: Path) -> Path:
    """Stream the layers into the ISO."""
    root = scan(open_image(archive))
    boot = root.find("/boot")
    assert boot
    assert boot.children
    kernel, initrd = folder / "kernel", folder / "initrd"
    for path, choose in ((kernel, choose_kernel), (initrd, choose_initrd)):
        with path.open("wb") as file:
            root.read(f"/boot/{choose(boot.children)}", file)

    def write_tar(out: Sink) -> None:
        for piece in root.tar():
            out.write(piece)

    system = LiveSystem(write_tar=write_tar, kernel=kernel, initrd=initrd)
    return build(system, folder / "ours.iso")


def native(archive: Path, folder: Path) -> Path:
    """Unpack the image, pack it again, make the ISO around it."""
    layout, bundle, tree, iso = (folder / name for name in ("oci", "bundle", "tree", "native.iso"))
    run("skopeo", "--insecure-policy", "copy", f"oci-archive:{archive}", f"oci:{layout}:image")
    run("umoci", "unpack", "--rootless", "--image", f"{layout}:image", bundle)
    root = bundle / "rootfs"
    squashfs = tree / "rootfs.squashfs"
    (tree / "boot" / "grub").mkdir(parents=True)
    run("mksquashfs", root, squashfs, "-comp", "zstd", "-Xcompression-level", "3", "-no-progress")
    (tree / "boot" / "grub" / "grub.cfg").write_text(MENU)
    names = [path.name for path in (root / "boot").iterdir()]
    for name, chosen in (("kernel", choose_kernel(names)), ("initrd", choose_initrd(names))):
        link = root / "boot" / chosen
        inside = root / str(link.readlink()).lstrip("/") if link.is_symlink() else link
        shutil.copy(inside if inside.exists() else link, tree / "boot" / name)
    run("grub-mkrescue", "--compress=no", "-o", iso, tree, "--", "-volid", "COS_LIVE")
    return iso


def run(*argv: str | Path) -> None:
    """Run a program silently."""
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
