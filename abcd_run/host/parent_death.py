"""Make programs end when we do, even if we are killed and can no longer signal them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# The kernel closes our end of its input, however we end. A parent-death signal would reach only
# the program, not its children: a script's mmdebstrap would go on.
SCRIPT = """\
read -r _
kill -s TERM -- "-$1" 2>/dev/null || exit 0
sleep 2
kill -s KILL -- "-$1" 2>/dev/null
"""


@contextmanager
def bound(group: int) -> Iterator[None]:
    """Make a process group end with this process, while the block lasts; not on Windows.

    Leave the block before waiting for the group's first process: after that its pid is free.
    """
    if sys.platform == "win32":
        yield
        return
    with subprocess.Popen(
        ["/bin/sh", "-c", SCRIPT, "abcd-run-keeper", str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    ) as keeper:
        try:
            yield
        finally:
            keeper.kill()
