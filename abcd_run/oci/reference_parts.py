"""The parts of an image's reference: its registry, and its repository there."""

import re

from abcd_run.oci.reference import has_registry


def registry(reference: str) -> str:
    """Return a reference's registry; empty if it names none, or only this host's images."""
    first = reference.partition("/")[0]
    return first if has_registry(reference) and first != "localhost" else ""


def repository(reference: str) -> str:
    """Return a reference without its tag and digest."""
    name = reference.partition("@")[0]
    before, slash, last = name.rpartition("/")
    return before + slash + last.partition(":")[0]


def is_loopback(reference: str) -> bool:
    """Tell whether a reference's registry is on this host, where nobody can listen in between."""
    host = registry(reference).partition(":")[0]
    return host == "localhost" or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
