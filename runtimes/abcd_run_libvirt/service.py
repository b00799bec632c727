"""Connect to the user's own libvirt; the first client starts its daemon."""

import os
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import libvirt

from abcd_run.errors import NoRuntime
from abcd_run.host import xdg
from abcd_run_libvirt import sockets
from abcd_run_libvirt.errors import translated

URI = "qemu:///session"


def connect() -> list[libvirt.virConnect]:
    """Connect to this user's libvirt, and to daemons started elsewhere. Raises `NoRuntime`.

    The very first connection probes QEMU's capabilities, which takes some seconds.
    """
    # Without this, libvirt would also print every error on standard error.
    libvirt.registerErrorHandler(lambda *_: None, None)
    _enter_session()
    with translated("open a session", otherwise=NoRuntime):
        return [libvirt.open(URI), *_others()]


def _enter_session() -> None:
    """Make libvirt use the same session folder as the rest of abcd-run.

    It knows only the variable, which su and cron leave unset or set to another user's folder.
    """
    if session := xdg.runtime_dir():
        os.environ["XDG_RUNTIME_DIR"] = str(session)
    else:
        os.environ.pop("XDG_RUNTIME_DIR", None)


def _others() -> Iterator[libvirt.virConnect]:
    """Connect to daemons that were started before the session, for example by cron."""
    for folder in sockets.folders()[1:]:
        for path in (folder / name for name in sockets.SOCKETS):
            if path.exists():
                with suppress(libvirt.libvirtError):
                    yield libvirt.open(f"{URI}?socket={quote(str(path))}")


def version(connection: libvirt.virConnect) -> str:
    """Return the versions of libvirt and QEMU."""
    return f"{_words(connection.getLibVersion())} with QEMU {_words(connection.getVersion())}"


def _words(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
