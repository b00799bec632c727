"""Decide whether a container is ours: by labels of its own, not those from its image."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from abcd_run.backend import record
from abcd_run.model import Instance

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Marks:
    """The labels of an engine's images, by image id, each queried once.

    `ask` returns the labels for an image's id; None if the engine no longer has that image.
    """

    ask: Callable[[str], Labels | None]
    _known: dict[str, Labels | None] = field(default_factory=dict[str, Labels | None])

    def are_own(self, container: Instance, facts: Mapping[str, Any]) -> bool:
        """Say whether we made a container; `facts` is the engine's list entry or `inspect`.

        A container that someone runs by hand from an image with our labels has those labels too.
        """
        if record.MARK not in container.labels:
            return False
        given = self._of(str(facts.get("ImageID") or facts["Image"]))
        if given is None:
            return container.labels.get(record.NAME) == container.name
        return any(given.get(key) != container.labels.get(key) for key in record.UNIQUE)

    def _of(self, image: str) -> Labels | None:
        if image not in self._known:
            self._known[image] = self.ask(image)
        return self._known[image]
