"""The connection to this user's own libvirt, whose daemon the first client starts."""

import libvirt

from abcd_run.errors import NoRuntime
from abcd_run_libvirt.errors import translated

URI = "qemu:///session"


def connect() -> libvirt.virConnect:
    """Connect. Raises `NoRuntime`.

    The first connection ever asks QEMU what it can do, which takes some seconds.
    """
    # libvirt would print every error on standard error as well.
    libvirt.registerErrorHandler(lambda *_: None, None)
    with translated("connect to it", otherwise=NoRuntime):
        return libvirt.open(URI)


def version(connection: libvirt.virConnect) -> str:
    """Return libvirt's version with QEMU's."""
    return f"{_words(connection.getLibVersion())} with QEMU {_words(connection.getVersion())}"


def _words(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
