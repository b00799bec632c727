"""What a session's calls return about instances: successes and failures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from abcd_run.errors import Failure, Interrupted
from abcd_run.launch.launched import Launched
from abcd_run.model import Instance

T = TypeVar("T", bound="Instances | Removed")


@dataclass(frozen=True, slots=True)
class Instances:
    """Instances with their stages; iterate over it to get them.

    One that is not ready in time is among the instances and, with `NotReady`, among the errors.
    `notes` are things the user should know although they stopped nothing.
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

    `unasked` are runtimes that could not answer but have launched nothing: not an error unless they
    were named. `kept` are instances that have ended and may hold somebody's work.
    """

    instances: tuple[Instance, ...] = ()
    errors: tuple[Failure, ...] = ()
    unasked: tuple[Failure, ...] = ()
    kept: tuple[Instance, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the removed instances."""
        return tuple(one.name for one in self.instances)


def checked(done: T) -> T:
    """Return `done`. Raises if it was cancelled, or if there are only errors.

    With several errors, raises the first, with the others as its notes.
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
