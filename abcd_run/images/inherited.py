"""What the images of a lineage are built from, each with all that it inherits."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from abcd_run.images import profile
from abcd_run.images.recipe import parts
from abcd_run.model import BASE, Kind, Part, Recipe

Tables = Mapping[str, Any]


def recipes(lineage: Iterable[tuple[Path, Tables]]) -> Iterator[Recipe]:
    """Yield the recipe of each image that has layers or a base of its own.

    `lineage` are the files of the profiles and their tables, the root's first. A profile with
    `[base]` starts a new base, under which its ancestors' upper layers stay.
    """
    tables: Tables = {}
    layers: tuple[Part, ...] = ()
    for path, own in lineage:
        tables = profile.inherit(own, tables)
        if new_base := own.get("base"):
            layers = tuple(part for part in layers if part.layer != BASE)
        folder = path.with_suffix("")
        added = parts(folder)
        layers = (*layers, *added)
        if added or new_base:
            yield Recipe(folder, layers, _origin(tables), _settings(path.stem, tables))


def _origin(tables: Tables) -> str:
    base = tables.get("base", {})
    return str(base.get("archive") or base.get("image") or "")


def _settings(image: str, tables: Tables) -> tuple[tuple[Kind, str], ...]:
    kinds = [kind for kind in Kind if kind in tables]
    return tuple((kind, json.dumps(_of(image, kind, tables), sort_keys=True)) for kind in kinds)


def _of(image: str, kind: Kind, tables: Tables) -> dict[str, Any]:
    """Return what a built variant says about itself, in OCI's terms."""
    own = tables[kind]
    services = [one for one in tables.get("services", {}).values() if isinstance(one, dict)]
    ports = [one.get("port") for one in services if one.get("variant", kind) == kind]
    said = {
        "Entrypoint": own.get("entrypoint"),
        "StopSignal": own.get("stop_signal"),
        "ExposedPorts": {f"{port}/tcp": {} for port in ports},
        "Labels": {
            "org.opencontainers.image.title": profile.variant_name(image, kind),
            "org.opencontainers.image.description": str(tables.get("summary", "")),
            **own.get("labels", {}),
        },
    }
    return {key: value for key, value in said.items() if value}
