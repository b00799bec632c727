"""The whole contract between the core and a backend.

A backend is a package `abcd_run_NAME` with an entry point in the group `abcd_run.runtimes` that
names a `Backend`. That value must be cheap to import: it says what the runtime is called, what it
takes and whether this host has it at all, without its SDK. `Backend.open` then imports the rest.

The core calls a runtime in this order, and from several threads at once:

    probe                                   is it usable, and if not, what would fix it
    instances                               which names are taken
    check                                   what it would refuse, of one of a request's plans
    provide → create → start                one launch; `remove` undoes it at any point
    instances                               ps, show, wait, stop
    remove                                  stop
    close                                   always

What else a runtime can do it says by having the methods of one of the protocols below; there are
no stubs that raise.
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
"""Tells the user what is being done just now, in a few words: `say("pulling 3 of 7 layers")`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a runtime cannot be used here, and what to type to fix it."""

    message: str
    remedy: str = ""

    def error(self, runtime: str) -> NoRuntime:
        """Return the error for a runtime of which this is the problem."""
        return NoRuntime(f"{runtime} cannot be used: {self.message}", remedy=self.remedy)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at a runtime found.

    `notes` are things that a user should know although the runtime is usable, such as limits
    that this host cannot enforce; `advice` is told by `doctor` alone.
    `rootful` says why root inside would be root of this host, and how to get the runtime without
    that: it is then used for those only who ask for `--rootful`.
    """

    version: str = ""
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    rootful: Problem | None = None
    advice: tuple[str, ...] = ()

    def refusal(self, *, rootful: bool = False) -> Problem | None:
        """Return why the runtime must not be used, None if it may; `rootful` was asked for."""
        if self.problem or self.rootful is None or rootful:
            return self.problem
        message = f"{self.rootful.message}: root inside would be root of this host"
        return Problem(message, f"{self.rootful.remedy}; or --rootful, if this is meant")


@dataclass(frozen=True, slots=True)
class Option:
    """A key that `[on.NAME]` of a profile may have, and `--set on.NAME.KEY=…` sets.

    Its value is one of the `values`, where there are some, else what `kind` says. `default` is what
    holds without it, as a person would write it; empty where nothing does.
    """

    kind: type | Rule
    help: str
    default: str = ""
    values: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """What its value must be."""
        if self.values:
            return schema.one_of(*self.values)
        return self.kind if isinstance(self.kind, Rule) else schema.BY_TYPE[self.kind]

    @property
    def words(self) -> tuple[str, ...]:
        """The values that a shell can complete, its default first."""
        return self.values or (("true", "false") if self.kind is bool else ())


Options = Mapping[str, object]
"""What `[on.NAME]` of a profile says, its values read by the rules of that backend."""


def trusts_all(_options: Options) -> Problem | None:
    """Return that no option needs more trust: none of them can reach the host."""
    return None


@dataclass(frozen=True, slots=True)
class Backend:
    """What can be known of a runtime without importing its SDK or talking to it.

    `missing` looks for a binary or socket and returns why the runtime is not here, or None.
    `accepts` are formats, best first: those of `Format`, or a plug-in's.
    `options` are the keys that `[on.NAME]` of a profile may have; they are checked before a runtime
    is asked, completed by the shell, and listed in the docs.
    `trusts` returns which of them could give an instance rights on the host, None where none can:
    such a profile is launched with `--rootful` alone. It asks nobody and must be cheap.
    `memory` is what an instance gets, in bytes, where neither its profile nor the request says:
    a machine must have some. None where it may have what there is.
    `takes_command` says whether `abcd-run IMAGE -- COMMAND` means something to it.
    `preference` is its place among those that `auto` tries: lower ones come first.
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


class Runtime(ABC):
    """One connection to an engine; every error it raises is an `AbcdRunError`."""

    name: ClassVar[str]

    @abstractmethod
    def probe(self) -> Probe:
        """Look whether the engine answers and what it can enforce; never raises."""

    def check(self, plan: Plan) -> None:  # noqa: B027  (many refuse nothing)
        """Raise the error of whatever this runtime would refuse about a plan.

        Asked before an image is fetched or built, for `--dry-run` too: values of options, shares,
        an address, a size of disk that it cannot give. Of plans that differ in names alone it is
        asked of one. It may ask the engine, but must change nothing. `create` may rely on it.
        """

    @abstractmethod
    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """Make the artifact available to the engine and return the engine's name for it.

        A no-op when the engine has it and `pull` is not "always"; "never" must not touch the
        network. Raises `ArtifactError`.
        """

    @abstractmethod
    def create(self, plan: Plan, image: str) -> str:
        """Create the instance, labelled by `record.labels`, and return the engine's id of it.

        Nothing runs yet, and nothing is left behind when it fails. Raises `NameTaken`,
        `PortTaken` or another `LaunchFailed`.
        """

    @abstractmethod
    def start(self, runtime_id: str) -> Instance:
        """Start it and return it with its ports. Raises `PortTaken` or `LaunchFailed`."""

    @abstractmethod
    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """Return the instances of this user, or the one whose id or name is `only`.

        Without `detail` the ports, password and host root may be left out, where leaving them
        out is quicker.
        """

    @abstractmethod
    def remove(self, runtime_id: str) -> None:
        """Stop it and remove all of it; a no-op when it is gone."""

    def close(self) -> None:  # noqa: B027  (most engines need nothing here)
        """Let go of the engine and of everything that was started to talk to it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@runtime_checkable
class Executes(Protocol):
    """A runtime in whose instances commands can be run."""

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """Return the host command that runs `command` inside, with its streams and status.

        An empty `command` means the user's own shell.
        """


@runtime_checkable
class Logs(Protocol):
    """A runtime that keeps what an instance prints on its console."""

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """Yield what was printed, in pieces; with `follow` until the instance ends."""


@runtime_checkable
class Screenshots(Protocol):
    """A runtime whose instances have a screen."""

    def screenshot(self, instance: Instance) -> bytes:
        """Return a PNG picture of what the screen shows now. Raises `LaunchFailed`."""


@runtime_checkable
class Prunes(Protocol):
    """A runtime that keeps more than its engine's own objects: files that a kill can orphan."""

    def prune(self) -> None:
        """Remove what belongs to no instance, and to no launch that is under way."""


@runtime_checkable
class Consists(Protocol):
    """A runtime that can say of which versions its parts are."""

    def components(self) -> Mapping[str, str]:
        """Return versions by the names that their makers give the parts.

        Asked by `doctor` alone: it may take a second. Raises `AbcdRunError`.
        """


@runtime_checkable
class Explains(Protocol):
    """A runtime that can say what a person would type for a plan."""

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """Return shell lines that do what the plan does."""


@runtime_checkable
class Builds(Protocol):
    """A runtime that can build images from Containerfiles."""

    def build(self, context: Path, *, name: str, say: Say) -> None:
        """Build the folder `context` and call the image `name`. Raises `ArtifactError`."""

    def save(self, name: str, out: Path) -> None:
        """Write the image as an OCI or docker archive. Raises `ArtifactError`."""
