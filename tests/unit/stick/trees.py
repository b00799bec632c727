"""Made trees of a kernel's files: disks that never were, whose device files are plain files."""

from dataclasses import dataclass, field
from pathlib import Path

from abcd_run.stick.block import SECTOR, Places

MIB = 1 << 20
USB = "pci0000:00/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0"
SATA = "pci0000:00/ata1/host0/target0:0:0/0:0:0:0"


@dataclass
class Tree:
    """A host with no disks yet; a disk's number is that of its plain file."""

    root: Path
    mounts: list[str] = field(default_factory=list[str])
    swaps: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        for name in ("sys/block", "sys/class/block", "proc/self", "dev", "run/udev/data"):
            (self.root / name).mkdir(parents=True)
        self.mount("0:31", "/", "tmpfs")
        self.swap()

    @property
    def places(self) -> Places:
        """Where its files are."""
        return Places(self.root)

    def write(self, path: Path | str, text: str) -> None:
        """Write one of the kernel's small files."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")

    def mount(self, number: str, at: str, source: str) -> None:
        """Mount something."""
        self.mounts.append(f"28 1 {number} / {at} rw,relatime shared:1 - ext4 {source} rw")
        self.write("proc/self/mountinfo", "\n".join(self.mounts))

    def swap(self, *paths: str) -> None:
        """Use partitions or files as swap."""
        lines = [f"{path} partition 4194300 0 -2" for path in paths]
        self.write("proc/swaps", "\n".join(["Filename Type Size Used Priority", *lines]))

    def disk(
        self, name: str = "sdb", *, at: str = USB, size: int = 16 * MIB, number: str = "0:0",
        serial: str = "4C53", model: str = "Cruzer Blade",
    ) -> Path:  # fmt: skip
        """Plug a disk in, and return its device file."""
        folder = f"sys/devices/{at}/block/{name}"
        facts = {
            "dev": number, "size": str(size // SECTOR), "ro": "0", "removable": "0",
            "queue/logical_block_size": "512",
        }  # fmt: skip
        for key, text in facts.items():
            self.write(f"{folder}/{key}", text)
        itself = self.root / f"sys/devices/{at}"
        self.write(itself / "vendor", "SanDisk ")
        self.write(itself / "model", f"{model}    ")
        (self.root / folder / "device").symlink_to(itself)
        if at == USB:
            self.write(itself.parents[3] / "idVendor", "0781")
            self.write(itself.parents[3] / "serial", serial)
        self._named(name, self.root / folder)
        with (self.root / "dev" / name).open("wb") as file:
            file.truncate(size)
        return self.root / "dev" / name

    def partition(self, name: str, number: str, *, start: int = MIB, size: int = MIB) -> None:
        """Add a partition to the disk whose name it begins with."""
        folder = (self.root / "sys/block" / name.rstrip("0123456789")).resolve() / name
        facts = {
            "partition": name[-1], "dev": number,
            "start": str(start // SECTOR), "size": str(size // SECTOR),
        }  # fmt: skip
        for key, text in facts.items():
            self.write(folder / key, text)
        (self.root / "sys/class/block" / name).symlink_to(folder)

    def holder(self, name: str, holder: str, title: str = "") -> None:
        """Make another device of a disk or partition."""
        holders = (self.root / "sys/class/block" / name).resolve() / "holders"
        holders.mkdir()
        (holders / holder).mkdir()
        if title:
            self.write(f"sys/class/block/{holder}/dm/name", title)

    def inside(self, number: str, filesystem: str, label: str = "") -> None:
        """Have udev know what is on a device."""
        lines = [f"E:ID_FS_TYPE={filesystem}", f"E:ID_FS_LABEL={label}" if label else "S:x"]
        self.write(f"run/udev/data/b{number}", "\n".join(lines))

    def fact(self, key: str, text: str, name: str = "sdb") -> None:
        """Change one of the kernel's files about a disk."""
        self.write((self.root / "sys/block" / name).resolve() / key, text)

    def _named(self, name: str, folder: Path) -> None:
        for place in ("sys/block", "sys/class/block"):
            (self.root / place / name).symlink_to(folder)
