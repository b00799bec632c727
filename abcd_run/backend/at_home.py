"""Commands that begin in the home of their user, in containers as they do over ssh."""

import re
from collections.abc import Sequence

from abcd_run.backend import record
from abcd_run.model import Instance

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def at_home(instance: Instance, command: Sequence[str], *, user: str) -> Sequence[str]:
    """Return a command that begins in its user's home, if the image's profile knows of homes.

    Otherwise it begins where the image says, and needs no shell inside. Without a home that the
    user may enter, it begins there too.
    """
    if not command or not record.read(instance.labels).homedir:
        return command
    return ("/bin/sh", "-c", f'{go(user)}; exec "$@"', "sh", *command)


def go(user: str) -> str:
    """Return the shell's words that go to a user's home: of `user`, or of whoever runs them.

    `user` may have a group, as in `abcd:users`. The name is looked up: HOME may be anything, and
    LXD sets none for a number.
    """
    name, _, _ = user.partition(":")
    if name.isdigit():
        return 'eval "cd ~$(id -un)" 2>/dev/null'
    return f"cd ~{name if _NAME.fullmatch(name) else ''} 2>/dev/null"
