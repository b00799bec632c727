"""Open untrusted files, but only regular ones."""

import errno
import io
import os
import stat
from pathlib import Path

from abcd_run.host.open_flags import BINARY, UNBLOCKED


def opened(path: Path) -> io.BufferedReader:
    """Open a regular file for reading. Raises `OSError` for anything else.

    A FIFO would block and a device might never end. So open without blocking, and check the open
    file, not its name, which may refer to another file by then.
    """
    descriptor = os.open(path, os.O_RDONLY | UNBLOCKED | BINARY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))
