"""The containers that an OCI engine has of this user's abcd-run."""

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
    """Those that `marks` tell to be ours; `reads` makes an instance of what `inspect` says."""

    runtime: ClassVar[str]

    marks: Marks
    reads: Callable[[Facts], Instance]

    @abstractmethod
    def lines(self) -> Iterable[Facts]:
        """Return the lines of the engine's list that have our label."""

    @abstractmethod
    def inspected(self, key: str) -> Facts | None:
        """Return what the engine's `inspect` says of a name or id, None where it has none such."""

    def listed(self) -> list[Instance]:
        """Return all of them, without details."""
        listed = [(oci_inspect.brief(line, runtime=self.runtime), line) for line in self.lines()]
        return [one for one, line in listed if self.marks.are_own(one, line)]

    def each(self) -> list[Instance]:
        """Return all of them."""
        return [one for line in self.listed() for one in self.called(line.runtime_id)]

    def called(self, key: str) -> list[Instance]:
        """Return the one of a name or id, if there is one."""
        return self.one(key)

    def one(self, key: str) -> list[Instance]:
        """Ask for the one of a name or id; a list of none or one."""
        facts = self.inspected(key)
        if facts is None:
            return []
        instance = self.reads(facts)
        # Engines find by any unique beginning of an id, too, and they find what is not ours.
        meant = key in (instance.name, instance.runtime_id)
        return [instance] if meant and self.marks.are_own(instance, facts) else []
