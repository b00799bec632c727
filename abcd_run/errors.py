"""Everything that can go wrong, as a user or a script sees it.

AbcdRunError
├── UsageError            2  wrong use
│   ├── ProfileError      2  a profile that cannot be read
│   └── NoSuchInstance    2  no instance with that name
├── NoRuntime             3  no usable runtime
│   └── NoAnswer          3  the engine is there but does not answer
├── ArtifactError         4  image, variant or artifact missing or corrupt
├── LaunchFailed          5  the runtime refused, or the instance ended
│   ├── NameTaken         5  the name is already in use
│   └── PortTaken         5  the host port is already in use
├── NotReady              6  not ready in time; the instance was left running
├── Refused               5  what an instance sends is not written
├── HostTooSmall          7  the host has too little for the image
└── Interrupted         130  Ctrl-C
"""

from dataclasses import dataclass
from typing import ClassVar

READER_GONE = 141
"""The exit status when the reader of our output has gone, as a shell gives for SIGPIPE."""


class AbcdRunError(Exception):
    """Say what happened, why if that helps, and what to type to fix it.

    `message` is one line without a full stop; `details` may have several lines; `remedy` is
    something to type or do, and should be given whenever there is one.
    """

    status: ClassVar[int] = 5

    def __init__(self, message: str, *, details: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.remedy = remedy


class UsageError(AbcdRunError):
    """The command line makes no sense."""

    status = 2


class ProfileError(UsageError):
    """A profile cannot be used; the message names file and key."""


class NoRuntime(AbcdRunError):
    """No runtime on this host can run the image."""

    status = 3


class NoAnswer(NoRuntime):
    """The engine is there but does not answer in time, so nobody knows what it holds."""


class ArtifactError(AbcdRunError):
    """An image, a variant or an artifact is missing or corrupt."""

    status = 4


class LaunchFailed(AbcdRunError):
    """The runtime refused the instance, or the instance ended by itself."""


class NoSuchInstance(UsageError):
    """No instance has that name."""


class NameTaken(LaunchFailed):
    """The runtime already has an object with that name."""


class PortTaken(LaunchFailed):
    """A host port is already in use; `port` is None if the engine does not say which."""

    def __init__(
        self, message: str, *, details: str = "", remedy: str = "", port: int | None = None
    ) -> None:
        super().__init__(message, details=details, remedy=remedy)
        self.port = port


class NotReady(AbcdRunError):
    """The instance runs but did not become ready in time."""

    status = 6


class Refused(AbcdRunError):
    """What an instance sends is not written: it is malformed, too large or leads outside."""


class HostTooSmall(AbcdRunError):
    """The host has less memory than the image needs."""

    status = 7


class Interrupted(AbcdRunError):
    """The user asked to stop."""

    status = 130


@dataclass(frozen=True, slots=True)
class Failure:
    """One error among several, with the runtime and instance that it happened to."""

    error: AbcdRunError
    runtime: str = ""
    name: str = ""
