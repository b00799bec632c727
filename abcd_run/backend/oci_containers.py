"""The containers in an OCI engine that the user's abcd-run made."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from abcd_run.backend import oci_inspect
from abcd_run.backend.ownership import Marks
from abcd_run.model import Instance

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Containers(ABC):
    """The containers that `marks` identifies as ours; `reads` turns `inspect` into an instance."""

    runtime: ClassVar[str]

    marks: Marks
    reads: Callable[[Facts], Instance]

    @abstractmethod
    def lines(self) -> Iterable[Facts]:
        """Return the lines of the engine's list that have our label."""

    @abstractmethod
    def inspected(self, key: str) -> Facts | None:
        """Return the engine's `inspect` of a name or id; None if there is no such container."""

    def listed(self) -> list[Instance]:
        """Return all of them, without details."""
        listed = [(oci_inspect.brief(line, runtime=self.runtime), line) for line in self.lines()]
        return [one for one, line in listed if self.marks.are_own(one, line)]

    def each(self) -> list[Instance]:
        """Return all of them."""
        return [one for line in self.listed() for one in self.called(line.runtime_id)]

    def called(self, key: str) -> list[Instance]:
        """Return the container with a name or id, if there is one."""
        return self.one(key)

    def one(self, key: str) -> list[Instance]:
        """Inspect the container with a name or id; return a list of at most one."""
        facts = self.inspected(key)
        if facts is None:
            return []
        instance = self.reads(facts)
        # Engines also accept any unique prefix of an id, and return what is not ours.
        meant = key in (instance.name, instance.runtime_id)
        return [instance] if meant and self.marks.are_own(instance, facts) else []
