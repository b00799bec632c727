"""How much an image may still use while its layers are read and merged."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from abcd_run.limits import IMAGE_BYTES, IMAGE_ENTRIES, TREE_BYTES, TREE_STEPS
from abcd_run.oci.tarformat import TarError


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an image may grow before we treat it as a bomb; bytes, except entries and steps."""

    entries: int = IMAGE_ENTRIES
    size: int = IMAGE_BYTES
    memory: int = TREE_BYTES
    steps: int = TREE_STEPS


class Budget:
    """One image's budget; the threads that read its layers spend it, and nothing is given back."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = Lock()
        self._entries, self._size = limits.entries, limits.size
        self._memory, self._steps = limits.memory, limits.steps

    def spend(self, *, entries: int = 0, size: int = 0, memory: int = 0) -> None:
        """Spend some of the budget; TarError if there is not enough left."""
        with self._lock:
            self._entries -= entries
            self._size -= size
            self._memory -= memory
        if self._entries < 0:
            raise TarError(f"the image is too large: more than {self.limits.entries} entries")
        if self._size < 0:
            raise TarError(f"the image is too large: more than {self.limits.size} bytes")
        if self._memory < 0:
            raise TarError(
                f"the image is too large: its names need more than {self.limits.memory} bytes"
            )

    def step(self, count: int) -> None:
        """Count name components while following them; only for the merging thread."""
        self._steps -= count
        if self._steps < 0:
            raise TarError(
                f"its names and links take more than {self.limits.steps} steps to follow"
            )
