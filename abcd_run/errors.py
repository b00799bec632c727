"""What can go wrong, as a user or a script sees it.

AbcdRunError
├── UsageError            2  wrong use
│   ├── ProfileError      2  a profile that cannot be read
│   └── NoSuchInstance    2  no instance of that name
├── NoRuntime             3  no usable runtime
│   └── NoAnswer          3  its engine is there and does not answer
├── ArtifactError         4  image, variant or artifact missing or corrupt
├── LaunchFailed          5  the runtime refused, or the instance ended
│   ├── NameTaken         5  there is an object of that name already
│   └── PortTaken         5  somebody has that port of the host
├── NotReady              6  not ready in time; the instance was left running
├── HostTooSmall          7  the host has not what the image needs
└── Interrupted         130  Ctrl-C
"""

from dataclasses import dataclass
from typing import ClassVar

READER_GONE = 141
"""The exit status when nobody reads what is printed any more, as a shell gives for SIGPIPE."""


class AbcdRunError(Exception):
    """Say what happened, why where it helps, and what to type to fix it.

    `message` is one line without a full stop; `details` may have several lines; `remedy` is
    something that can be typed or done, and should be given wherever there is one.
    """

    status: ClassVar[int] = 5

    def __init__(self, message: str, *, details: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.remedy = remedy


class UsageError(AbcdRunError):
    """The command line asks for something that makes no sense."""

    status = 2


class ProfileError(UsageError):
    """A profile cannot be used; the message names file and key."""


class NoRuntime(AbcdRunError):
    """No runtime of this host can take the image."""

    status = 3


class NoAnswer(NoRuntime):
    """The engine is there and does not answer in time: what it holds is not known."""


class ArtifactError(AbcdRunError):
    """An image, a variant or an artifact is missing or corrupt."""

    status = 4


class LaunchFailed(AbcdRunError):
    """The runtime refused the instance, or the instance ended by itself."""


class NoSuchInstance(UsageError):
    """No instance goes by that name."""


class NameTaken(LaunchFailed):
    """The runtime has an object of that name already."""


class PortTaken(LaunchFailed):
    """Somebody has a port of the host; `port` is None where the engine does not say which."""

    def __init__(
        self, message: str, *, details: str = "", remedy: str = "", port: int | None = None
    ) -> None:
        super().__init__(message, details=details, remedy=remedy)
        self.port = port


class NotReady(AbcdRunError):
    """The instance runs, but did not become ready in time."""

    status = 6


class HostTooSmall(AbcdRunError):
    """The host has less memory than the image needs."""

    status = 7


class Interrupted(AbcdRunError):
    """The user asked to stop."""

    status = 130


@dataclass(frozen=True, slots=True)
class Failure:
    """An error beside others: on what runtime and for what instance it happened."""

    error: AbcdRunError
    runtime: str = ""
    name: str = ""
