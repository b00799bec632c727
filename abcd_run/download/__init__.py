"""Bring a published artifact here: resumed after a break, checked before anybody uses it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from abcd_run.cancel import Token, call, current, using
from abcd_run.download.checked import accept, known_sha256, record_of, recorded_sha256
from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.parts import part_of

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.download.transfer import Progress, Transfer
    from abcd_run.parts import Part

DELAYS = (0.5, 1.0, 2.0, 4.0)  # seconds before each further try that brings nothing


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str = "",
    progress: Progress | None = None,
    cancel: Token | None = None,
) -> Path:
    """Return URL's contents as a local file with this sum: TARGET, or what a file URL names.

    TARGET appears only whole and checked. Several threads or processes may ask at once: one
    downloads, the others wait and find it. Raises ArtifactError, and Interrupted when CANCEL is
    set.
    """
    cancel = cancel or current()
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme in ("", "file"):
        return _local(url, target, sha256=sha256.lower())
    if scheme not in ("http", "https"):
        raise ArtifactError(f"cannot download {url}", remedy="use an http, https or file URL")
    if not _is_good(target, sha256=sha256.lower()):
        _download(url, target, sha256=sha256.lower(), progress=progress, cancel=cancel)
    return target


def _local(url: str, target: Path, *, sha256: str) -> Path:
    path = type(target)(unquote(urlsplit(url).path) if "://" in url else url)
    if not path.is_file():
        raise ArtifactError(f"{path}: no such file")
    if sha256:
        found = known_sha256(path, record=record_of(target))
        if found != sha256:
            raise _wrong_sum(str(path), expected=sha256, found=found)
        accept(path, found, record=record_of(target))
    return path


def _is_good(target: Path, *, sha256: str) -> bool:
    """Tell whether TARGET is here and right; without a sum given, as it was when it came."""
    if not target.is_file():
        return False
    expected = sha256 or recorded_sha256(target)
    found = known_sha256(target)
    if expected and found != expected:
        return False
    accept(target, found)
    return True


def _download(
    url: str, target: Path, *, sha256: str, progress: Progress | None, cancel: Token
) -> None:
    def waiting(path: Path) -> None:
        if progress and path.exists():
            progress(path.stat().st_size, None)

    with part_of(target, cancel=cancel, waiting=waiting) as part:
        if _is_good(target, sha256=sha256):
            part.discard()
            return
        found = _transferred(url, part, sha256=sha256, progress=progress, cancel=cancel)
        part.finish()
        accept(target, found)


def _transferred(
    url: str, part: Part, *, sha256: str, progress: Progress | None, cancel: Token
) -> str:
    """Fill PART and return its sum; a resumed part that turns out wrong is begun anew once."""
    from abcd_run.download.transfer import Transfer  # noqa: PLC0415 - urllib.request costs 40 ms

    transfer = Transfer(url, part, progress=progress, cancel=cancel, guarded=bool(sha256))
    resumed = transfer.size > 0
    _complete(transfer)
    if resumed and sha256 not in ("", transfer.sha256):
        transfer.restart()
        _complete(transfer)
    if sha256 not in ("", transfer.sha256):
        part.discard()
        raise _wrong_sum(url, expected=sha256, found=transfer.sha256)
    return transfer.sha256


def _complete(transfer: Transfer) -> None:
    """Ask until everything is here; give up when nothing new comes several times in a row."""
    failures = 0
    while True:
        before = transfer.size
        try:
            with using(transfer.cancel):
                call(transfer.request)  # a server may be silent for long at each step of it
        except Interrupted:
            transfer.stop_if_cancelled()
            raise
        except ConnectionError as error:
            failures = 0 if transfer.size > before else failures + 1
            if failures > len(DELAYS):
                raise _unreachable(transfer, error) from error
            _pause(transfer, DELAYS[max(failures - 1, 0)])
        else:
            return


def _pause(transfer: Transfer, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        transfer.cancel.wait(left)
        transfer.stop_if_cancelled()


def _unreachable(transfer: Transfer, error: Exception) -> ArtifactError:
    kept = f"; {transfer.size} bytes are kept" if transfer.size else ""
    return ArtifactError(
        f"cannot download {transfer.url}",
        details=f"{error}{kept}",
        remedy="check the network and start it again: the download goes on where it stopped",
    )


def _wrong_sum(name: str, *, expected: str, found: str) -> ArtifactError:
    return ArtifactError(
        f"{name} is not what was published: wrong sha256",
        details=f"expected {expected}\nfound    {found}",
        remedy="start it again; if it stays wrong, correct sha256 in the profile or ask whoever"
        " publishes it",
    )
