"""A part-file: a file in the making, and the lock that admits only one maker."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from abcd_run.concurrency.cancel import current
from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.host import locks, xdg
from abcd_run.host.locks import Claim, private_folder
from abcd_run.host.open_flags import BINARY, NOFOLLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

POLL = 0.1  # seconds between two checks of another's lock
SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Part:
    """TARGET.part, open and locked; files whose names start with its name belong to it."""

    target: Path
    path: Path
    file: BinaryIO

    def empty(self) -> None:
        """Discard what an earlier, killed process left in the part and beside it."""
        self.file.seek(0)
        self.file.truncate()
        _remove_companions(self.path)

    def finish(self) -> None:
        """Give the part its real name once all of it is on disk."""
        try:
            self.file.flush()
            if sys.platform != "win32" and not _is_private(self.target):
                os.fchmod(self.file.fileno(), 0o666 & ~_umask())
            os.fsync(self.file.fileno())
            self.file.close()  # Windows renames no open file
            self.path.replace(self.target)
        except OSError as error:
            self.discard()
            raise unwritable(self.target, error) from error
        _remove_companions(self.path)

    def discard(self) -> None:
        """Remove the part and all that belongs to it; no-op if it is gone."""
        _remove_companions(self.path)
        self.path.unlink(missing_ok=True)


@contextmanager
def part_of(
    target: Path, *, cancel: Event | None = None, waiting: Callable[[Path], None] | None = None
) -> Iterator[Part]:
    """Lock TARGET.part and yield it; wait while another thread or process holds it.

    After a wait, TARGET usually exists: check before making it again.
    """
    path = target.with_name(target.name + SUFFIX)
    (private_folder if _is_private(target) else _shared_folder)(target.parent)
    cancel = cancel or current()
    while (opened := _opened(path)) is None:
        if waiting:
            waiting(path)
        if cancel.wait(POLL):
            raise Interrupted(f"{target.name}: cancelled while another process was making it")
    claim, file = opened
    try:
        with file:
            yield Part(target, path, file)
    finally:
        # What has been finished meanwhile has another name, and its old one another owner.
        if claim.is_at_path() and not path.stat().st_size:
            path.unlink()
        claim.release()


def companion(part: Path, name: str) -> Path:
    """Return a file that belongs to a part, and goes with it."""
    return part.with_name(f"{part.name}.{name}")


def unwritable(target: Path, error: OSError) -> ArtifactError:
    """Return the error for a TARGET that could not be written, with a remedy."""
    return ArtifactError(
        f"cannot write {target}",
        details=error.strerror or str(error),
        remedy=helps(error, target.parent, "ABCD_RUN_CACHE"),
    )


def helps(error: OSError, folder: Path | str, variable: str) -> str:
    """Return the remedy for a file that cannot be written to a folder that VARIABLE sets."""
    if error.errno == errno.EFBIG:
        return "ulimit -f unlimited"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR}:
        return f"ls -ld {folder}, or set {variable} to a folder that you can write to"
    return f"make room in {folder} or set {variable} to a folder with more space"


def _shared_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _is_private(target: Path) -> bool:
    """Say whether a file is for abcd-run itself, not for a person."""
    return target.absolute().is_relative_to(xdg.cache().absolute())


def _umask() -> int:
    """Return the mask for new files; os.umask() must set it to read it, affecting other threads.

    psutil does not report it.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:  # not Linux
        mask = os.umask(0o077)
        os.umask(mask)
        return mask
    return next((int(line.split()[1], 8) for line in lines if line.startswith("Umask:")), 0o077)


def abandoned(folder: Path) -> list[Path]:
    """List the part-files in FOLDER that no living process holds."""
    return [
        path
        for path in sorted(folder.glob("*.part"))
        if path.is_file() and not locks.is_claimed(path)
    ]


def discard_abandoned(folder: Path) -> list[Path]:
    """Remove what killed processes left in FOLDER; return the paths."""
    paths = abandoned(folder)
    for path in paths:
        _remove_companions(path)
        path.unlink(missing_ok=True)
    return paths


def _opened(path: Path) -> tuple[Claim, BinaryIO] | None:
    """Claim and open PATH; return None if another process holds or has removed it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | NOFOLLOW | BINARY, 0o600), "r+b")
    try:
        _make_private(file, path)
        claim = _claimed(path)
    except BaseException:
        file.close()
        raise
    if claim and _is_at(file, path):
        return claim, file
    file.close()
    if claim:
        claim.release()
    return None


def _claimed(path: Path) -> Claim | None:
    try:
        return locks.claimed(path)
    except OSError as error:
        raise ArtifactError(
            f"cannot lock files in {path.parent}",
            details=str(error),
            remedy="set ABCD_RUN_CACHE to a folder on a local disk",
        ) from error


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Say whether the open file still has this name: its last holder may have renamed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _make_private(file: BinaryIO, path: Path) -> None:
    if sys.platform == "win32":
        return
    status = os.fstat(file.fileno())
    if status.st_uid != os.geteuid():
        raise ArtifactError(f"{path} belongs to another user", remedy=f"ls -l {path}")
    if status.st_mode & locks.OTHERS:
        os.fchmod(file.fileno(), 0o600)


def _remove_companions(path: Path) -> None:
    for companion in path.parent.glob(f"{_escaped(path.name)}.*"):
        if companion.is_dir():
            shutil.rmtree(companion, ignore_errors=True)
        else:
            companion.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
