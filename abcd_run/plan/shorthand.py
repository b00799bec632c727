"""`--set accel=tcg` short for `--set on.libvirt.accel=tcg`: keys that belong to a runtime."""

from collections.abc import Iterator, Mapping
from typing import Any

from abcd_run.images.profile_keys import SHAPE
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Backend, Option
from abcd_run.schema import FLAG, TABLE, Rule, Shape


def written_out(changes: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return the changes with each runtime key moved under every runtime that has it.

    A key that no runtime knows stays in place and is reported with the profile's other errors.
    """
    whole = dict(changes)
    for key in set(changes) - set(SHAPE):
        owners = [name for name in registry.names() if key in _options(registry, name)]
        on = whole.get("on", {})
        # A value that is not a table is reported together with the profile's other errors.
        if owners and isinstance(on, Mapping) and all(isinstance(on[n], Mapping) for n in on):
            value = whole.pop(key)
            whole["on"] = {**on, **{name: {key: value, **on.get(name, {})} for name in owners}}
    return whole


def complete(incomplete: str, registry: Registry) -> list[str]:
    """Complete a `--set` word: keys of profiles and runtimes, with values if there are few."""
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
    """Yield the keys common to all profiles, with their values if there are few."""
    for key, rule in shape.items():
        if isinstance(rule, Mapping):
            yield from _keys(rule, f"{before}{key}.")
        elif isinstance(rule, Rule) and rule is not TABLE:
            yield before + key, ("true", "false") if rule is FLAG else ()


def _options(registry: Registry, name: str) -> Mapping[str, Option]:
    backend = registry.backend(name)
    return backend.options if isinstance(backend, Backend) else {}
