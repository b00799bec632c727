"""What we fetched from registries ourselves: its names here, and what of it is outdated."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from abcd_run.host import xdg
from abcd_run.oci import kept_families
from abcd_run.oci.reference import LOCAL, pinned
from abcd_run.oci.reference_parts import repository
from abcd_run.oci.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

PREFIX = "fetched-"
_MADE = re.compile(rf"{PREFIX}.+-([0-9a-f]{{12}})-[0-9a-f]{{16}}-[^-]+\.iso")


def local_name(variant: str, reference: str) -> str:
    """Return what engines call an image that we fetched: no reference and no recipe can mean it."""
    return f"{LOCAL}{PREFIX}{variant}-{_key(reference)}:latest"


def _key(reference: str) -> str:
    return hashlib.sha256(reference.encode()).hexdigest()[:12]


def prune(kinds: Collection[str]) -> None:
    """Forget the variants that their family's reference has left behind."""
    families = kept_families.listed(kinds)
    places = {repository(one.reference) for one in families}
    current = {
        f"{repository(one.reference)}@{entry.digest}"
        for one in families
        for entry in one.family.variants.values()
    }
    store = Store(xdg.store())
    for name in store.names() if families else ():
        if pinned(name) and repository(name) in places and name not in current:
            store.remove(name)


def is_left_behind(made: Path) -> bool:
    """Say whether a file was made from an image that we fetched and have no more."""
    match = _MADE.fullmatch(made.name)
    keys = map(_key, Store(xdg.store()).names()) if match else ()
    return match is not None and match[1] not in keys
