"""One file over HTTP into a part-file, request by request."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import ssl
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.parts import unwritable

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse

    from abcd_run.cancel import Token
    from abcd_run.parts import Part

    Progress = Callable[[int, int | None], None]  # bytes there, bytes in all when known

CHUNK = 1 << 18
TIMEOUT = 30  # seconds without a byte
WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Transfer:
    """The part-file being filled, the sum of what is in it, and how to ask for the rest."""

    def __init__(
        self, url: str, part: Part, *, progress: Progress | None, cancel: Token, guarded: bool
    ) -> None:
        self.url = url
        self.cancel = cancel
        self._part = part
        self._progress = progress
        self._validator_file = part.path.with_name(part.path.name + ".validator")
        self._hash = hashlib.sha256()
        self.size = 0
        # A known sum shows a file that changed in between, so then no validator is needed.
        if guarded or self._validator():
            self._take_up()
        else:
            self.restart()

    @property
    def sha256(self) -> str:
        """The sum of all that is here."""
        return self._hash.hexdigest()

    def restart(self) -> None:
        """Forget what is here."""
        self._part.file.seek(0)
        self._part.file.truncate()
        self._validator_file.unlink(missing_ok=True)
        self._hash = hashlib.sha256()
        self.size = 0

    def stop_if_cancelled(self) -> None:
        """Raise Interrupted when the caller wants no more; what is here stays."""
        if self.cancel.is_set():
            raise Interrupted(f"the download of {self.url} was cancelled")

    def request(self) -> None:
        """Ask for what is missing; raise ConnectionError when asking again may bring more."""
        self.stop_if_cancelled()
        try:
            with urlopen(self._question(), timeout=TIMEOUT) as answer:  # noqa: S310 - http(s) only
                self._receive(answer)
        except HTTPError as error:
            with error:
                self._refused(error)
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise self._impossible(str(error.reason), remedy="check the date") from error
            raise ConnectionError(str(error.reason)) from error
        except (HTTPException, OSError) as error:
            raise ConnectionError(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise self._impossible(str(error), remedy="check the address") from error

    def _question(self) -> Request:
        headers = {"Accept-Encoding": "identity", "User-Agent": "abcd-run"}
        if self.size:
            headers["Range"] = f"bytes={self.size}-"
            if validator := self._validator():
                headers["If-Range"] = validator
        return Request(self.url, headers=headers)  # noqa: S310 - http(s) only

    def _receive(self, answer: HTTPResponse) -> None:
        self.stop_if_cancelled()
        if self.size and _first_byte(answer) != self.size:
            self.restart()
        total = _total(answer, at=self.size)
        self._make_sure_of_room(total)
        self._remember_validator(answer)
        while chunk := answer.read1(CHUNK):
            # Whoever is cancelled leaves us behind here, and the part is no longer ours.
            self.stop_if_cancelled()
            self._append(chunk)
            if self._progress:
                self._progress(self.size, total)
            self.stop_if_cancelled()
        if total is not None and self.size < total:
            raise ConnectionError(f"the connection ended after {self.size} of {total} bytes")

    def _refused(self, error: HTTPError) -> None:
        self.stop_if_cancelled()
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

    def _take_up(self) -> None:
        self._part.file.seek(0)
        while chunk := self._part.file.read(CHUNK):
            self._hash.update(chunk)
            self.size += len(chunk)

    def _validator(self) -> str:
        file = self._validator_file
        return file.read_text() if file.is_file() else ""

    def _remember_validator(self, answer: HTTPResponse) -> None:
        etag = answer.headers.get("ETag", "")
        strong = "" if etag.startswith("W/") else etag
        if validator := strong or answer.headers.get("Last-Modified", ""):
            self._validator_file.write_text(validator)

    def _make_sure_of_room(self, total: int | None) -> None:
        free = shutil.disk_usage(self._part.path.parent).free
        if total is not None and total - self.size > free:
            need = OSError(errno.ENOSPC, f"{total - self.size} bytes needed, {free} free")
            raise self._disk_error(need)

    def _disk_error(self, error: OSError) -> ArtifactError:
        self._part.discard()  # what fills the disk must not stay
        return unwritable(self._part.target, error)

    def _impossible(self, details: str, *, remedy: str) -> ArtifactError:
        return ArtifactError(f"cannot download {self.url}", details=details, remedy=remedy)


def _first_byte(answer: HTTPResponse) -> int:
    """Return where the answer's bytes belong: 0 unless it is a part (206)."""
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if answer.status == 206 and found else 0  # noqa: PLR2004


def _total(answer: HTTPResponse, *, at: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return at + int(length) if length is not None else None
