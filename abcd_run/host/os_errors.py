"""Explain the host's refusals to a user: a last resort, for errors no other place explains."""

import errno
import os
import shlex
import shutil
from pathlib import Path

from abcd_run.errors import AbcdRunError
from abcd_run.host import install

NO_THREAD = "can't start new thread"
PROCESSES = "end some programs, or allow more: ulimit -u 4096; ulimit -v unlimited"
ROOM = "make room in {folder}, or set ABCD_RUN_CACHE (TMPDIR for /tmp) to a folder with more space"

REMEDIES = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: "ulimit -f unlimited",
    errno.EROFS: "set ABCD_RUN_CACHE and XDG_CONFIG_HOME to writable folders",
    errno.EMFILE: "ulimit -n 4096",
    errno.ENFILE: "end some programs: this host has too many files open",
    errno.EAGAIN: PROCESSES,
    errno.ENOMEM: "abcd-run stop --all, or end other programs",
    errno.EIO: "sudo dmesg | tail: a disk may be failing",
    errno.ESTALE: "ls -ld {folder}",
    errno.ETXTBSY: "try again in a moment",
    errno.ENOEXEC: "ls -l {file}",
    errno.EACCES: "ls -ld {file} {folder}",
    errno.EPERM: "ls -ld {file} {folder}",
    errno.ENOENT: "ls -ld {folder}",
    errno.ENOTDIR: "ls -ld {file}",
    errno.EISDIR: "ls -ld {file}",
    errno.ELOOP: "ls -ld {file}",
    errno.ENAMETOOLONG: "choose a shorter path",
}
"""The remedy for each errno that a host's state can cause; other numbers are bugs."""


def told(error: Exception) -> AbcdRunError | None:
    """Return the error for something that the host refused; None if the host is not to blame."""
    if isinstance(error, MemoryError):
        return AbcdRunError("out of memory", remedy=REMEDIES[errno.ENOMEM])
    if isinstance(error, RuntimeError) and str(error) == NO_THREAD:
        return AbcdRunError("cannot start more processes or threads", remedy=PROCESSES)
    if isinstance(error, shutil.Error):
        return _copied(error)
    if not isinstance(error, OSError) or error.errno not in REMEDIES:
        return None
    return _refused(error)


def _refused(error: OSError) -> AbcdRunError:
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    if error.errno == errno.ENOENT and name and "/" not in name:
        return AbcdRunError(f"{name} is not installed", remedy=install.search(name))
    file = Path(name)
    remedy = REMEDIES[error.errno or 0].format(file=_quoted(file), folder=_quoted(file.parent))
    why = error.strerror or str(error)
    return AbcdRunError(f"{name}: {why}" if name else why, remedy=remedy)


def _copied(error: shutil.Error) -> AbcdRunError:
    """Return the error for a folder that could not be copied; its first file stands for all."""
    rows = error.args[0] if error.args else ()
    if not isinstance(rows, list) or not rows:
        return AbcdRunError("cannot copy a folder", details=str(error))
    _, target, why = rows[0]
    # By now the numbers survive only in the text.
    number = next((known for known in REMEDIES if f"[Errno {known}]" in why), errno.ENOSPC)
    file = Path(target)
    return AbcdRunError(
        f"cannot write {target}",
        details=f"{why}; {len(rows)} files in all",
        remedy=REMEDIES[number].format(file=_quoted(file), folder=_quoted(file.parent)),
    )


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def unexpected(error: Exception) -> AbcdRunError:
    """Return the error for a bug of ours or of a plug-in, with the place where it happened.

    A refusal by the host, such as a full disk, is not a bug and is reported as what it is.
    """
    if refused := told(error):
        return refused
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return AbcdRunError(
        "this should not have happened",
        details=f"{type(error).__name__}: {error}{place}",
        remedy="run it again with -v and report what it prints",
    )
