"""The record of an instance in its machine's metadata, in a namespace of its own."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

NAMESPACE = "urn:abcd-run:instance"
PREFIX = "abcd-run"

ET.register_namespace(PREFIX, NAMESPACE)


@dataclass(frozen=True, slots=True)
class Noted:
    """What the metadata says: the labels, and the password, which only the owner can read."""

    labels: Mapping[str, str]
    password: str


def written(noted: Noted) -> ET.Element:
    """Return the metadata as an element."""
    element = ET.Element(_name("instance"))
    for key, value in noted.labels.items():
        ET.SubElement(element, _name("label"), {"key": key}).text = value
    ET.SubElement(element, _name("password")).text = noted.password
    return element


def read(text: str) -> Noted:
    """Read it back, as libvirt returns it."""
    element = ET.fromstring(text)  # noqa: S314  (libvirt's own)
    # libvirt returns the element with its namespace, but some versions without the prefix.
    labels = {one.get("key", ""): one.text or "" for one in element if _is(one, "label")}
    password = next((one.text or "" for one in element if _is(one, "password")), "")
    return Noted(labels, password)


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _is(element: ET.Element, tag: str) -> bool:
    return element.tag.rpartition("}")[2] == tag
