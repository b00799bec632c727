"""What calls of a session return about instances: what went well, and what did not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from abcd_run.errors import Failure, Interrupted
from abcd_run.launch.launched import Launched
from abcd_run.model import Instance

T = TypeVar("T", bound="Instances | Removed")


@dataclass(frozen=True, slots=True)
class Instances:
    """Instances with their stages; to go through it is to go through them.

    One that is not ready in time is among the instances and, with `NotReady`, among the errors.
    `notes` are what the user should know although it stopped nothing.
    """

    instances: tuple[Launched, ...] = ()
    errors: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Launched]:
        return iter(self.instances)

    def __len__(self) -> int:
        return len(self.instances)


@dataclass(frozen=True, slots=True)
class Removed:
    """The instances that are gone.

    `unasked` are runtimes that could not be asked, and have launched nothing: no error, unless
    they were named.
    """

    instances: tuple[Instance, ...] = ()
    errors: tuple[Failure, ...] = ()
    unasked: tuple[Failure, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those that are gone."""
        return tuple(one.name for one in self.instances)


def checked(done: T) -> T:
    """Return what was done. Raises where it was cancelled, or where errors are all there is.

    Of several errors the first is raised, and the others are its notes.
    """
    cancelled = [one.error for one in done.errors if isinstance(one.error, Interrupted)]
    if cancelled:
        raise cancelled[0]
    if done.errors and not done.instances:
        raise _first(done.errors)
    return done


def _first(failures: Sequence[Failure]) -> Exception:
    first, *others = failures
    for one in others:
        where = one.name or one.runtime
        first.error.add_note(f"{where}: {one.error.message}" if where else one.error.message)
    return first.error
