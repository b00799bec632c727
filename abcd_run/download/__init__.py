"""Download a published artifact: resume after a break, and check it before anyone uses it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from abcd_run.concurrency.cancel import Token, current
from abcd_run.download.checked import Sum, accept, known, record_of, recorded_sha256
from abcd_run.errors import ArtifactError
from abcd_run.host.file_stamp import stamp_of
from abcd_run.host.part_file import part_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from abcd_run.download.transfer import Progress, Silent, Transfer
    from abcd_run.host.part_file import Part

    Verify = Callable[[Path, str], None]  # raises ArtifactError for a bad file, giving this name

DELAYS = (0.5, 1.0, 2.0, 4.0)  # seconds before each retry that follows a fruitless try
TRIES = 1000  # even if each one makes progress


def _accept_any(_file: Path, _name: str) -> None:
    """Accept any file."""


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str = "",
    verify: Verify = _accept_any,
    progress: Progress | None = None,
    silent: Silent | None = None,
    cancel: Token | None = None,
) -> Path:
    """Return URL's contents as a local file with this checksum: TARGET, or what a file URL names.

    TARGET appears only when complete and checked; one that VERIFY refuses is fetched again. Several
    threads or processes may ask at once: one downloads, the others wait and use its file. Raises
    ArtifactError, and Interrupted when CANCEL is set.
    """
    cancel = cancel or current()
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme in ("", "file"):
        return _local(url, target, sha256=sha256.lower(), verify=verify)
    if scheme not in ("http", "https"):
        raise ArtifactError(f"cannot download {url}", remedy="use an http, https or file URL")
    wanted = _Wanted(url, target, sha256.lower(), verify)
    if not _is_good(wanted):
        _download(wanted, progress=progress, silent=silent, cancel=cancel)
    return target


@dataclass(frozen=True, slots=True)
class _Wanted:
    url: str
    target: Path
    sha256: str
    verify: Verify


def _local(url: str, target: Path, *, sha256: str, verify: Verify) -> Path:
    path = type(target)(unquote(urlsplit(url).path) if "://" in url else url)
    if not path.is_file():
        what = "not a file" if path.exists() else "no such file"
        raise ArtifactError(f"{path}: {what}")
    if sha256:
        actual = known(path, record=record_of(target))
        if actual.sha256 != sha256:
            raise _wrong_sum(str(path), expected=sha256, actual=actual)
        accept(path, actual, record=record_of(target))
    verify(path, str(path))
    return path


def _is_good(wanted: _Wanted) -> bool:
    """Tell whether the file is here and correct; without a checksum, whether it is unchanged."""
    target = wanted.target
    if not target.is_file():
        return False
    expected = wanted.sha256 or recorded_sha256(target)
    actual = known(target)
    if expected and actual.sha256 != expected:
        return False
    try:
        wanted.verify(target, str(target))
    except ArtifactError:
        return False
    accept(target, actual)
    return True


def _download(
    wanted: _Wanted, *, progress: Progress | None, silent: Silent | None, cancel: Token
) -> None:
    def waiting(path: Path) -> None:
        if progress and path.exists():
            progress(path.stat().st_size, None)

    from abcd_run.download.transfer import Transfer  # noqa: PLC0415 - urllib.request costs 40 ms

    with part_of(wanted.target, cancel=cancel, waiting=waiting) as part:
        if _is_good(wanted):
            part.discard()
            return
        transfer = Transfer(
            wanted.url,
            part,
            progress=progress,
            silent=silent,
            cancel=cancel,
            guarded=bool(wanted.sha256),
        )
        _fill(transfer, wanted)
        _refuse_wrong_file(part, wanted)
        part.finish()
        accept(wanted.target, Sum(transfer.sha256, tuple(stamp_of(wanted.target))))


def _fill(transfer: Transfer, wanted: _Wanted) -> None:
    """Fetch everything; if a resumed part turns out wrong, start over once."""
    resumed = transfer.size > 0
    _complete(transfer)
    if resumed and wanted.sha256 not in ("", transfer.sha256):
        transfer.restart()
        _complete(transfer)
    if wanted.sha256 not in ("", transfer.sha256):
        transfer.discard()
        raise _wrong_sum(wanted.url, expected=wanted.sha256, actual=Sum(transfer.sha256))


def _refuse_wrong_file(part: Part, wanted: _Wanted) -> None:
    """Raise ArtifactError and discard the part if the file is not what is wanted."""
    part.file.flush()
    try:
        wanted.verify(part.path, wanted.url)
    except ArtifactError:
        part.discard()
        raise


def _complete(transfer: Transfer) -> None:
    """Ask until everything is here; give up after several fruitless tries in a row."""
    from abcd_run.download.transfer import Silence  # noqa: PLC0415

    failures = 0
    for _ in range(TRIES):
        before = transfer.size
        try:
            return transfer.request()
        except ConnectionError as error:
            failures = 0 if transfer.size > before else failures + 1
            # After a full timeout of silence, do not wait that long again and again.
            if failures > len(DELAYS) or (failures and isinstance(error, Silence)):
                raise _unreachable(transfer, error) from error
            _pause(transfer, DELAYS[max(failures - 1, 0)])
    raise _unreachable(transfer, ConnectionError(f"the connection broke {TRIES} times"))


def _pause(transfer: Transfer, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        transfer.cancel.wait(left)
        transfer.stop_if_cancelled()


def _unreachable(transfer: Transfer, error: Exception) -> ArtifactError:
    kept = f"; {transfer.size} bytes kept" if transfer.size else ""
    return ArtifactError(
        f"cannot download {transfer.url}",
        details=f"{error}{kept}",
        remedy="check the network and retry: the download resumes where it stopped",
    )


def _wrong_sum(name: str, *, expected: str, actual: Sum) -> ArtifactError:
    got = actual.sha256 or "that it changed while being read"
    return ArtifactError(
        f"{name} has the wrong sha256",
        details=f"expected {expected}\nfound    {got}",
        remedy="try again; if it stays wrong, correct sha256 in the profile or ask the publisher",
    )
