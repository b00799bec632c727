"""An instance's record in its machine's metadata, in a namespace of its own."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from abcd_run_libvirt import markup

NAMESPACE = "urn:abcd-run:instance"
PREFIX = "abcd-run"

NO_TEXT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot represent, even escaped."""

ET.register_namespace(PREFIX, NAMESPACE)


@dataclass(frozen=True, slots=True)
class Noted:
    """The metadata's content: the labels, and the password, which only the owner can read.

    `ports` maps a port inside to address and port on the host, once QEMU has chosen them. A
    machine that has not `begun` was created but never started.
    """

    labels: Mapping[str, str]
    password: str
    ports: Mapping[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    begun: bool = False


def written(noted: Noted, *, namespace: str = NAMESPACE) -> ET.Element:
    """Return the metadata as an element."""

    def name(tag: str) -> str:
        return f"{{{namespace}}}{tag}" if namespace else tag

    element = ET.Element(name("instance"), {"begun": "yes"} if noted.begun else {})
    for key, value in noted.labels.items():
        ET.SubElement(element, name("label"), {"key": key}).text = value
    ET.SubElement(element, name("password")).text = noted.password
    for inside, (address, port) in noted.ports.items():
        facts = {"inside": str(inside), "address": address, "port": str(port)}
        ET.SubElement(element, name("port"), facts)
    return element


def text(noted: Noted) -> str:
    """Return the metadata for an existing machine: libvirt itself adds the namespace."""
    return ET.tostring(written(noted, namespace=""), encoding="unicode")


def read(text: str) -> Noted:
    """Parse the metadata as libvirt returns it. Raises `ValueError`."""
    element = markup.parsed(text)
    # libvirt returns the element with its namespace; some versions omit the prefix.
    labels = {one.get("key", ""): one.text or "" for one in _all(element, "label")}
    password = next((one.text or "" for one in _all(element, "password")), "")
    ports = {
        int(one.get("inside", "")): (one.get("address", ""), int(one.get("port", "")))
        for one in _all(element, "port")
    }
    return Noted(labels, password, ports, begun=element.get("begun") == "yes")


def _all(element: ET.Element, tag: str) -> Iterator[ET.Element]:
    return (one for one in element if one.tag.rpartition("}")[2] == tag)
