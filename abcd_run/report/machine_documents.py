"""The documents of commands for machines that no runtime drives."""

from typing import Annotated, TypedDict

from abcd_run.report.documents import Bytes, Error


class Netboot(TypedDict):
    """What `netboot` prints, at once: iPXE's script, and the lines for a site's dnsmasq."""

    url: str
    dnsmasq: list[str]
    errors: list[Error]


class DiskPartition(TypedDict):
    """A partition; what is in it is empty if nobody knows."""

    name: str
    size: Bytes
    filesystem: str
    label: str


class Disk(TypedDict):
    """A disk of this host, and why it is not written; that is empty for a stick."""

    device: str
    vendor: str
    model: str
    serial: str
    size: Bytes
    kind: Annotated[str, "usb, removable, card or loop; empty for one that is built in"]
    partitions: list[DiskPartition]
    refused: str


class Disks(TypedDict):
    """What `write --list` prints."""

    disks: list[Disk]
    errors: list[Error]


class WrittenStick(TypedDict):
    """A stick with an image's live system."""

    variant: str
    device: str
    model: str
    serial: str
    size: Bytes
    seconds: float


class Written(TypedDict):
    """What `write` prints; null if none was written."""

    written: WrittenStick | None
    errors: list[Error]
