"""Read what a tab says: JSON of a known shape and size. Raises `ValueError` for anything else."""

import base64
import binascii
import json
import re
from typing import Any

from abcd_run import limits
from abcd_run_browser.channel import CONSOLE_BYTES, STAGES, WHY_LETTERS, Job

HELLO_BYTES, TOLD_BYTES, ANSWER_BYTES = 1 << 12, limits.MIB, 64 * limits.MIB
_TAB = re.compile(r"[0-9a-f]{16}")
_STATUS = range(256)


def document(body: bytes) -> dict[str, Any]:
    """Return an object."""
    try:
        said = json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(said, dict):
        raise ValueError("not an object")  # noqa: TRY004  (callers know one error)
    return said


def tab(said: object) -> str:
    """Return the word that a tab goes by."""
    if not isinstance(said, str) or not _TAB.fullmatch(said):
        raise ValueError("not a tab's word")
    return said


def told(body: bytes) -> tuple[str, str, bytes]:
    """Return a stage, why, and what was printed."""
    said = document(body)
    stage, why = said.get("stage"), said.get("why", "")
    if stage not in STAGES or not isinstance(why, str):
        raise ValueError("no such stage")
    plain = "".join(letter if letter.isprintable() else " " for letter in why[:WHY_LETTERS])
    return stage, plain, _bytes(said.get("console", ""))[-CONSOLE_BYTES:]


def answer(body: bytes) -> Job:
    """Return a job's answer: of a command, of a picture, or an error."""
    said = document(body)
    if "error" in said:
        why = str(said["error"])[:WHY_LETTERS]
        return {"error": "".join(one if one.isprintable() else " " for one in why) or "it failed"}
    if "png" in said:
        return {"png": _base64(said["png"])}
    status = said.get("status")
    if type(status) is not int or status not in _STATUS:
        raise ValueError("no exit status")
    return {"status": status, "out": _base64(said.get("out")), "err": _base64(said.get("err"))}


def _base64(said: object) -> str:
    _bytes(said)
    return str(said)


def _bytes(said: object) -> bytes:
    if not isinstance(said, str):
        raise ValueError("not base64")  # noqa: TRY004
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
