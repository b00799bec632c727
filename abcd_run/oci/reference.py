"""What an image's reference says: its registry, and the digest that it is pinned to.

A name without a registry is short. A short name matches any local image with that name, from this
host or from docker.io; a name with a registry matches only that registry's images.
"""

from collections.abc import Iterable

HUB = "docker.io/"
LOCAL = "localhost/"


def pinned(reference: str) -> str:
    """Return the digest in `name@sha256:…`; empty if there is none."""
    return reference.partition("@")[2]


def has_registry(name: str) -> bool:
    """Tell whether a name begins with a registry, as engines decide it."""
    first, slash, _ = name.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def means(wanted: str, have: Iterable[str], *, home: str = LOCAL) -> bool:
    """Tell whether an unpinned reference means an image with these names."""
    if has_registry(wanted):
        return full(wanted) in {full(name, home=home) for name in have}
    return short(wanted) in map(short, have)


def full(name: str, *, home: str = LOCAL) -> str:
    """Return a name with registry and tag; `home` is the registry of short names."""
    whole = name if has_registry(name) else home + name
    if whole.startswith(HUB) and "/" not in whole.removeprefix(HUB):
        whole = f"{HUB}library/{whole.removeprefix(HUB)}"
    return _tagged(whole)


def short(name: str) -> str:
    """Return a name with its tag, without the parts that a short name leaves out."""
    return _tagged(name.removeprefix(HUB).removeprefix("library/").removeprefix(LOCAL))


def _tagged(name: str) -> str:
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"
