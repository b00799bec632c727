"""`--set accel=tcg` for `--set on.libvirt.accel=tcg`: keys that only a runtime has."""

from collections.abc import Mapping
from typing import Any

from abcd_run.profile import SHAPE
from abcd_run.registry import Registry
from abcd_run.runtime import Backend
from abcd_run.schema import Rule


def written_out(changes: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return changes in which a runtime's own key stands under every runtime that has it.

    What no runtime knows stays where it is, to be refused with the rest of the profile.
    """
    whole = dict(changes)
    for key in set(changes) - set(SHAPE):
        owners = [name for name in registry.names() if key in _options(registry, name)]
        on = whole.get("on", {})
        # A table that is none is refused with the rest of the profile, too.
        if owners and isinstance(on, Mapping) and all(isinstance(on[n], Mapping) for n in on):
            value = whole.pop(key)
            whole["on"] = {**on, **{name: {key: value, **on.get(name, {})} for name in owners}}
    return whole


def _options(registry: Registry, name: str) -> Mapping[str, type | Rule]:
    found = registry.backend(name)
    return found.options if isinstance(found, Backend) else {}
