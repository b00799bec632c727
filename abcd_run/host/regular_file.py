"""Files that somebody else has made: opened only when they are files."""

import errno
import io
import os
import stat
from pathlib import Path


def opened(path: Path) -> io.BufferedReader:
    """Open a regular file for reading. Raises `OSError` for what is none.

    A FIFO would be waited for and a device never end: the kernel is asked not to wait, and what
    was opened is looked at, not the name, which may be another's by then.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))
