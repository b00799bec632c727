"""The user's defaults, from `config.toml` in the configuration folder."""

import os
from dataclasses import dataclass
from typing import Any

from abcd_run import schema
from abcd_run.host import xdg
from abcd_run.images import profile
from abcd_run.plugins.registry import ALL, AUTO, Registry, split_runtimes

_SHAPE: schema.Shape = {"on": schema.STRINGS, "prefer": schema.STRINGS, "home": schema.FLAG}


@dataclass(frozen=True, slots=True)
class Settings:
    """`on`: the runtimes of a launch without `--on`; `prefer`: the order that `auto` tries.

    `home` keeps the home of every image that has one. `origin` is the file or variable that sets
    `on`.
    """

    on: tuple[str, ...] = (AUTO,)
    prefer: tuple[str, ...] = ()
    home: bool = False
    origin: str = ""

    def registry(self) -> Registry:
        """Return the runtimes in this user's order. Raises `UsageError` for an unknown one."""
        registry = Registry.installed(self.prefer)
        for name in self.on:
            if name not in (AUTO, ALL):
                registry.check(name, said=self.origin)
        return registry


def load() -> Settings:
    """Return this user's settings; `ABCD_RUN_ON` overrides the file."""
    path = xdg.config() / "config.toml"
    keys: dict[str, Any] = {}
    if path.exists():
        keys = {**schema.check(profile.parse(path), _SHAPE, where=str(path)), "origin": str(path)}
    if listed := os.environ.get("ABCD_RUN_ON"):
        keys |= {"on": split_runtimes((listed,)), "origin": "ABCD_RUN_ON"}
    return Settings(**{key: value for key, value in keys.items() if value})
