"""`--set accel=tcg` for `--set on.libvirt.accel=tcg`: keys that only a runtime has."""

from collections.abc import Iterator, Mapping
from typing import Any

from abcd_run.images.profile import SHAPE
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Backend, Option
from abcd_run.schema import FLAG, TABLE, Rule, Shape


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


def complete(incomplete: str, registry: Registry) -> list[str]:
    """Offer what `--set` may say: keys of profiles and of runtimes, with their values if few."""
    known = dict(_keys(SHAPE))
    for name in registry.names():
        for key, option in _options(registry, name).items():
            known[f"on.{name}.{key}"] = known[key] = option.words
    return [
        f"{key}={value}"
        for key, values in known.items()
        for value in values or ("",)
        if f"{key}={value}".startswith(incomplete)
    ]


def _keys(shape: Shape, before: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the keys that are the same in every profile, and what they may be if that is little."""
    for key, rule in shape.items():
        if isinstance(rule, Mapping):
            yield from _keys(rule, f"{before}{key}.")
        elif isinstance(rule, Rule) and rule is not TABLE:
            yield before + key, ("true", "false") if rule is FLAG else ()


def _options(registry: Registry, name: str) -> Mapping[str, Option]:
    backend = registry.backend(name)
    return backend.options if isinstance(backend, Backend) else {}
