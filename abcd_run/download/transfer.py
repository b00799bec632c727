"""Download one file over HTTP into a part-file, request by request."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import ssl
import time
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request

from abcd_run import limits
from abcd_run.download.answer import CHUNK, Answer, Head
from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.host.part_file import unwritable

if TYPE_CHECKING:
    from collections.abc import Callable

    from abcd_run.concurrency.cancel import Token
    from abcd_run.host.part_file import Part

    Progress = Callable[[int, int | None], None]  # bytes so far, bytes in total if known
    Silent = Callable[[int], None]  # seconds since the server last said anything

TIMEOUT = 30.0  # seconds without a byte
NOTICED = 2.0  # seconds of silence before we mention it
WEB_PAGES = ("text/html", "application/xhtml+xml")
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Silence(ConnectionError):
    """The server keeps the connection open and says nothing."""


class Transfer:
    """The part-file being filled, the checksum of its contents, and how to request the rest."""

    def __init__(
        self,
        url: str,
        part: Part,
        *,
        progress: Progress | None,
        cancel: Token,
        guarded: bool,
        silent: Silent | None = None,
    ) -> None:
        self.url = url
        self.cancel = cancel
        self._part = part
        self._progress = progress
        self._silent = silent
        self._validator_file = part.path.with_name(part.path.name + ".validator")
        self._hash = hashlib.sha256()
        self.size = 0
        # A known checksum reveals a file that changed in between, so no validator is needed.
        if guarded or self._validator():
            self._resume()
        else:
            self.restart()

    @property
    def sha256(self) -> str:
        """The checksum of everything received so far."""
        return self._hash.hexdigest()

    def restart(self) -> None:
        """Drop everything received so far."""
        self._part.file.seek(0)
        self._part.file.truncate()
        self._validator_file.unlink(missing_ok=True)
        self._hash = hashlib.sha256()
        self.size = 0

    def discard(self) -> None:
        """Keep nothing."""
        self._part.discard()

    def stop_if_cancelled(self) -> None:
        """Raise Interrupted if the caller has cancelled; keep what is already here."""
        if self.cancel.is_set():
            raise Interrupted(f"the download of {self.url} was cancelled")

    def request(self) -> None:
        """Request what is missing; raise ConnectionError if another try may help."""
        self.stop_if_cancelled()
        try:
            with Answer(self._question(), timeout=TIMEOUT) as answer:
                self._receive(answer)
        except HTTPError as error:
            with error:
                self._refused(error)
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise self._impossible(str(error.reason), remedy="check the host's date") from error
            raise _broken(error.reason) from error
        except Silence:
            raise
        except (HTTPException, OSError) as error:
            raise _broken(error) from error
        except ValueError as error:
            raise self._impossible(str(error), remedy="check the address") from error

    def _question(self) -> Request:
        headers = {"Accept-Encoding": "identity", "User-Agent": "abcd-run"}
        if self.size:
            headers["Range"] = f"bytes={self.size}-"
            if validator := self._validator():
                headers["If-Range"] = validator
        return Request(self.url, headers=headers)  # noqa: S310 - http(s) only

    def _receive(self, answer: Answer) -> None:
        head = self._next(answer)
        assert isinstance(head, Head)
        self._refuse_web_page(head)
        if self.size and _first_byte(head) != self.size:
            self.restart()
        total = None if head.length is None else self.size + head.length
        most = self._room(total)
        self._remember_validator(head)
        while chunk := self._next(answer):
            assert isinstance(chunk, bytes)
            if self.size + len(chunk) > most:
                raise self._too_long(most)
            self._append(chunk)
            if self._progress:
                self._progress(self.size, total)
            self.stop_if_cancelled()
        if total is not None and self.size < total:
            raise ConnectionError(f"the connection ended after {self.size} of {total} bytes")

    def _next(self, answer: Answer) -> Head | bytes:
        """Wait for the next piece; raise Silence if none comes."""
        begun = time.monotonic()
        while (item := answer.take()) is None:
            self.stop_if_cancelled()
            silent = time.monotonic() - begun
            if silent > TIMEOUT:
                raise Silence(f"the server has said nothing for {TIMEOUT:.0f} s")
            if silent > NOTICED and self._silent:
                self._silent(int(silent))
        return item

    def _refuse_web_page(self, head: Head) -> None:
        if head.headers.get_content_type() in WEB_PAGES and "Content-Type" in head.headers:
            raise self._impossible("the server sent a web page", remedy="check the address")

    def _refused(self, error: HTTPError) -> None:
        if error.code == 416 and self.size:  # noqa: PLR2004 - range not satisfiable
            whole = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
            if whole and int(whole[1]) == self.size:
                return
            self.restart()
            raise ConnectionError("the file has changed on the server") from error
        if error.code in WORTH_ANOTHER_TRY:
            raise ConnectionError(f"the server says {error.code} {error.reason}") from error
        raise self._impossible(
            f"the server says {error.code} {error.reason}", remedy="check the address"
        ) from error

    def _append(self, chunk: bytes) -> None:
        try:
            self._part.file.write(chunk)
        except OSError as error:
            raise self._disk_error(error) from error
        self._hash.update(chunk)
        self.size += len(chunk)

    def _resume(self) -> None:
        self._part.file.seek(0)
        while chunk := self._part.file.read(CHUNK):
            self._hash.update(chunk)
            self.size += len(chunk)

    def _validator(self) -> str:
        file = self._validator_file
        return file.read_text() if file.is_file() else ""

    def _remember_validator(self, answer: Head) -> None:
        etag = answer.headers.get("ETag", "")
        strong = "" if etag.startswith("W/") else etag
        if validator := strong or answer.headers.get("Last-Modified", ""):
            self._validator_file.write_text(validator)

    def _room(self, total: int | None) -> int:
        """Return how long the file may become; raise ArtifactError if the disk has no room."""
        free = shutil.disk_usage(self._part.path.parent).free
        if total is None:
            return min(limits.DOWNLOAD_BYTES, self.size + free)
        if total - self.size > free:
            need = OSError(errno.ENOSPC, f"{total - self.size} bytes needed, {free} free")
            raise self._disk_error(need)
        return total

    def _too_long(self, most: int) -> ArtifactError:
        if most < limits.DOWNLOAD_BYTES:
            return self._disk_error(OSError(errno.ENOSPC, f"it is longer than {most} bytes"))
        self._part.discard()
        return self._impossible(f"it is longer than {most} bytes", remedy="check the address")

    def _disk_error(self, error: OSError) -> ArtifactError:
        self._part.discard()  # do not leave the disk full
        return unwritable(self._part.target, error)

    def _impossible(self, details: str, *, remedy: str) -> ArtifactError:
        return ArtifactError(f"cannot download {self.url}", details=details, remedy=remedy)


def _first_byte(answer: Head) -> int:
    """Return where the answer's bytes belong: 0 unless it is a partial answer (206)."""
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(match[1]) if answer.status == 206 and match else 0  # noqa: PLR2004


def _broken(error: object) -> ConnectionError:
    if isinstance(error, TimeoutError):
        return Silence("the server has said nothing for too long")
    return ConnectionError(str(error) or type(error).__name__)
