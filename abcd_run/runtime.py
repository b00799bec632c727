"""The whole contract between the core and a backend.

A backend is a package `abcd_run_NAME` with an entry point in the group `abcd_run.runtimes` that
names a `Backend`. That value must be cheap to import: it gives the runtime's name, what it takes
and whether this host has it at all, without its SDK. `Backend.open` then imports the rest.

The core calls a runtime in this order, from several threads at once:

    probe                                   is it usable, and if not, how to fix it
    instances                               which names are taken
    check                                   would it refuse one of a request's plans
    provide → create → start                one launch; `remove` undoes it at any point
    instances                               ps, show, wait, stop
    remove                                  stop
    close                                   always

A runtime shows what else it can do by having the methods of the protocols below; there are no stubs
that raise.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol, Self, runtime_checkable

from abcd_run import schema
from abcd_run.errors import NoRuntime
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.schema import Rule

Say = Callable[[str], None]
"""Tells the user in a few words what is happening: `say("pulling 3 of 7 layers")`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a runtime cannot be used here, and what to type to fix it."""

    message: str
    remedy: str = ""

    def error(self, runtime: str) -> NoRuntime:
        """Return the error for a runtime with this problem."""
        return NoRuntime(f"{runtime} cannot be used: {self.message}", remedy=self.remedy)


@dataclass(frozen=True, slots=True)
class Probe:
    """What probing a runtime found.

    `notes` are things a user should know although the runtime is usable, such as limits that this
    host cannot enforce; only `doctor` prints `advice`.
    `rootful` says why root inside would be root of this host, and how to avoid that: such a runtime
    is used only with `--rootful`.
    """

    version: str = ""
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    rootful: Problem | None = None
    advice: tuple[str, ...] = ()

    def refusal(self, *, rootful: bool = False) -> Problem | None:
        """Return why the runtime must not be used, or None; `rootful` is the user's choice."""
        if self.problem or self.rootful is None or rootful:
            return self.problem
        message = f"{self.rootful.message}: root inside would be root of this host"
        return Problem(message, f"{self.rootful.remedy}; or --rootful, if this is meant")


@dataclass(frozen=True, slots=True)
class Option:
    """A key that `[on.NAME]` of a profile may have, and that `--set on.NAME.KEY=…` sets.

    Its value is one of `values` if there are any, otherwise of `kind`. `default` is the value used
    without it, as a person would write it; empty if there is none.
    """

    kind: type | Rule
    help: str
    default: str = ""
    values: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """The rule for its value."""
        if self.values:
            return schema.one_of(*self.values)
        return self.kind if isinstance(self.kind, Rule) else schema.BY_TYPE[self.kind]

    @property
    def words(self) -> tuple[str, ...]:
        """The values that a shell can complete, its default first."""
        return self.values or (("true", "false") if self.kind is bool else ())


Options = Mapping[str, object]
"""The contents of a profile's `[on.NAME]`, read by that backend's rules."""


def trusts_all(_options: Options) -> Problem | None:
    """Return None: no option can reach the host, so none needs more trust."""
    return None


@dataclass(frozen=True, slots=True)
class Backend:
    """What is known of a runtime without importing its SDK or talking to it.

    `missing` looks for a binary or socket and returns why the runtime is not here, or None.
    `accepts` lists formats, best first: those of `Format`, or a plug-in's.
    `options` are the keys that `[on.NAME]` of a profile may have; they are checked before a runtime
    is asked, completed by the shell, and listed in the docs.
    `trusts` returns which of them could give an instance rights on the host, or None: a profile
    with such options needs `--rootful`. It asks no engine and must be cheap.
    `memory` is what an instance gets, in bytes, if neither its profile nor the request sets it:
    a machine must have some. None means no limit.
    `takes_command` says whether the runtime supports `abcd-run IMAGE -- COMMAND`.
    `preference` is its place in the order in which `auto` tries runtimes: lowest first.
    `sdk` is the Python package that `open` imports: a host that lacks it lacks the runtime.
    `at_once` is how many instances are created, started or ended at the same time; an engine on a
    small host gains nothing from more.
    `elsewhere` says that instances are on other computers: this host's memory does not limit them.
    `no_folders` says that instances never have folders of this host, so none keeps a home; its
    `Runtime.check` refuses a plan that asks for one.
    """

    name: str
    accepts: tuple[str, ...]
    missing: Callable[[], Problem | None]
    open: Callable[[], "Runtime"]
    options: Mapping[str, Option] = field(default_factory=dict[str, Option])
    trusts: Callable[[Options], Problem | None] = trusts_all
    memory: int | None = None
    takes_command: bool = False
    preference: int = 100
    sdk: str = ""
    elsewhere: bool = False
    no_folders: bool = False
    at_once: int = 4


class Runtime(ABC):
    """One connection to an engine; every error it raises is an `AbcdRunError`."""

    name: ClassVar[str]

    @abstractmethod
    def probe(self) -> Probe:
        """Check whether the engine answers and what it can enforce; never raises."""

    def check(self, plan: Plan) -> None:  # noqa: B027  (many refuse nothing)
        """Raise an error for whatever this runtime would refuse in a plan.

        Called before an image is fetched or built, also for `--dry-run`: option values, shares, an
        address or a disk size that it cannot provide. Of plans that differ only in their names, one
        is checked. It may ask the engine but must change nothing. `create` may rely on it.
        """

    @abstractmethod
    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """Make the artifact available to the engine and return the engine's name for it.

        A no-op when the engine has it and `pull` is not "always"; "never" must not touch the
        network. Raises `ArtifactError`.
        """

    @abstractmethod
    def create(self, plan: Plan, image: str) -> str:
        """Create the instance, labelled by `record.labels`, and return the engine's id for it.

        Nothing runs yet, and a failure leaves nothing behind. Raises `NameTaken`,
        `PortTaken` or another `LaunchFailed`.
        """

    @abstractmethod
    def start(self, runtime_id: str) -> Instance:
        """Start it and return it with its ports. Raises `PortTaken` or `LaunchFailed`.

        Also one that has ended, if `instances` still returns it: with its files, and with other
        ports if it must.
        """

    @abstractmethod
    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """Return the instances of this user, or the one whose id or name is `only`.

        Without `detail`, ports, password and host root may be missing if that is faster.
        """

    @abstractmethod
    def remove(self, runtime_id: str) -> None:
        """Stop it and remove all of it; a no-op if it is gone."""

    def close(self) -> None:  # noqa: B027  (most engines need nothing here)
        """Close the connection and end everything that was started for it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@runtime_checkable
class Executes(Protocol):
    """A runtime that can run commands in its instances."""

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """Return the host command that runs `command` inside, with its streams and status.

        An empty `command` means the user's own shell. Both begin in the home of their user, if the
        image's profile says that it has homes (`Record.homedir`; see `backend.at_home`). Without
        `tty` the streams pass every byte unchanged, and the command's input ends when the host's
        does: `cp` depends on it.
        """


@runtime_checkable
class OneUser(Protocol):
    """A runtime with instances in which nobody can become another user."""

    def one_user(self, instance: Instance) -> str:
        """Return why commands run as the image's own user only; empty where they run as root."""


@runtime_checkable
class Logs(Protocol):
    """A runtime that keeps what an instance prints on its console."""

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """Yield what was printed, in pieces; with `follow`, until the instance ends."""


@runtime_checkable
class Screenshots(Protocol):
    """A runtime whose instances have a screen."""

    def screenshot(self, instance: Instance) -> bytes:
        """Return a PNG picture of the screen. Raises `LaunchFailed`."""


@runtime_checkable
class Restarts(Protocol):
    """A runtime that can end an instance and start it again, with what it keeps."""

    def restart(self, runtime_id: str) -> Instance:
        """Restart it and return it with its ports. Raises `PortTaken` or `LaunchFailed`."""


@runtime_checkable
class Suspends(Protocol):
    """A runtime that can have an instance stand still, in its memory."""

    def suspend(self, runtime_id: str) -> None:
        """Have its processes stand still; `instances` then says `SUSPENDED`. A no-op twice."""

    def resume(self, runtime_id: str) -> None:
        """Have them go on. A no-op for one that is not suspended."""


@runtime_checkable
class Prunes(Protocol):
    """A runtime that keeps more than its engine's objects, such as files that a kill orphans."""

    def prune(self) -> None:
        """Remove what belongs to no instance and to no running launch."""


@runtime_checkable
class Consists(Protocol):
    """A runtime that knows the versions of its parts."""

    def components(self) -> Mapping[str, str]:
        """Return versions by the parts' own names.

        Only `doctor` calls this: it may take a second. Raises `AbcdRunError`.
        """


@runtime_checkable
class Explains(Protocol):
    """A runtime that can show what a person would type for a plan."""

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """Return shell lines that do what the plan does."""


@runtime_checkable
class Builds(Protocol):
    """A runtime that can build images from Containerfiles."""

    def build(self, context: Path, *, name: str, say: Say) -> None:
        """Build the folder `context` and call the image `name`. Raises `ArtifactError`."""

    def save(self, name: str, out: Path) -> None:
        """Write the image as an OCI or docker archive. Raises `ArtifactError`."""
