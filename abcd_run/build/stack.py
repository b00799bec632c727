"""Layers that lie over each other, each with a key that says what it was made from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from abcd_run.oci.compose import add_image
from abcd_run.oci.model import REF_NAME, Image, Layer
from abcd_run.oci.store import Store

ANNOTATION = "run.abcd.layers"
"""What each layer was made from, on a store's own entry: nobody else's image can claim it."""

Settings = Mapping[str, Any]
"""OCI's `config`: environment, entry point, ports, labels."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was made at once: its key, its layers and, from a Containerfile, the settings."""

    key: str
    layers: tuple[Layer, ...]
    settings: Settings | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Steps, the lowest first, for an architecture in OCI's terms: empty for this host's."""

    steps: tuple[Step, ...] = ()
    architecture: str = ""

    def over(self, step: Step) -> "Stack":
        """Return the stack with one more step on top; the same step twice changes nothing."""
        if self.steps and self.steps[-1].key == step.key:
            return self
        return replace(self, steps=(*self.steps, step))

    @property
    def key(self) -> str:
        """What the whole stack was made from."""
        return key_of("stack", *(step.key for step in self.steps), *self.foreign)

    @property
    def foreign(self) -> tuple[str, ...]:
        """What tells its layers from this host's of the same recipe."""
        return (self.architecture,) if self.architecture else ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, the lowest first."""
        return tuple(layer for step in self.steps for layer in step.layers)

    @property
    def settings(self) -> Settings:
        """What the topmost step that has settings says."""
        said = [step.settings for step in self.steps if step.settings is not None]
        return said[-1] if said else {}

    @property
    def annotations(self) -> dict[str, str]:
        """What a store's entry says about the layers, for `steps_in`."""
        told = [[step.key, step.settings] for step in self.steps for _ in step.layers]
        return {ANNOTATION: json.dumps(told)}

    def enter(self, store: Store, name: str, settings: Settings | None = None) -> None:
        """Give an image of these layers a name in a store; the caller holds `importing`.

        `settings` are the image's, in place of those that its layers say.
        """
        said = self.settings if settings is None else settings
        add_image(store, name, self.layers, said, self.annotations, architecture=self.architecture)


def key_of(*facts: str) -> str:
    """Return the key of what is made from these."""
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def steps_in(store: Store) -> dict[str, Step]:
    """Return every step of the images that were built into a store and are whole."""
    steps: dict[str, Step] = {}
    for entry in store.entries():
        said = entry.annotations.get(ANNOTATION)
        image = store.resolve(entry.annotations[REF_NAME]) if said else None
        if said and image:
            steps |= {step.key: step for step in _steps(image, said)}
    return steps


def _steps(image: Image, annotation: str) -> Iterable[Step]:
    told = json.loads(annotation)
    if len(told) != len(image.layers):
        return
    pairs = zip(told, image.layers, strict=True)
    for (key, settings), group in groupby(pairs, key=lambda pair: _comparable(pair[0])):
        layers = tuple(layer for _, layer in group)
        yield Step(key, layers, json.loads(settings))


def _comparable(told: list[Any]) -> tuple[str, str]:
    """Return what one annotation says, in a form that can be compared."""
    key, settings = told
    return str(key), json.dumps(settings)
