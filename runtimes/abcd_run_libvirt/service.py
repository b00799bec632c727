"""The connection to this user's own libvirt, whose daemon the first client starts."""

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
    """Connect to this user's libvirt, and to others that were begun elsewhere. Raises `NoRuntime`.

    The first connection ever asks QEMU what it can do, which takes some seconds.
    """
    # libvirt would print every error on standard error as well.
    libvirt.registerErrorHandler(lambda *_: None, None)
    _enter_session()
    with translated("open a session", otherwise=NoRuntime):
        return [libvirt.open(URI), *_others()]


def _enter_session() -> None:
    """Have libvirt take the session for its own that all else of abcd-run does.

    It knows but the variable, which su and cron leave out or leave another user's.
    """
    if session := xdg.runtime_dir():
        os.environ["XDG_RUNTIME_DIR"] = str(session)
    else:
        os.environ.pop("XDG_RUNTIME_DIR", None)


def _others() -> Iterator[libvirt.virConnect]:
    """Connect to what was begun by cron before there was a session, if it still runs."""
    for folder in sockets.folders()[1:]:
        for path in (folder / name for name in sockets.SOCKETS):
            if path.exists():
                with suppress(libvirt.libvirtError):
                    yield libvirt.open(f"{URI}?socket={quote(str(path))}")


def version(connection: libvirt.virConnect) -> str:
    """Return libvirt's version with QEMU's."""
    return f"{_words(connection.getLibVersion())} with QEMU {_words(connection.getVersion())}"


def _words(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
