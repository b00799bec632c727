"""Have programs end when we do, also when we are killed and can tell them nothing any more."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

# Our end of its input is closed by the kernel, whatever we end by. A parent-death signal would
# reach the program alone, not what it has begun: a script's mmdebstrap would go on.
SCRIPT = """\
read -r _
kill -s TERM -- "-$1" 2>/dev/null || exit 0
sleep 2
kill -s KILL -- "-$1" 2>/dev/null
"""


@contextmanager
def bound(group: int) -> Iterator[None]:
    """Have a process group end when this process does, as long as the block lasts.

    The block must end before the group's first process is waited for: its number is then free.
    """
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
