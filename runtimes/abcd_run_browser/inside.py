"""Run a command in an instance's tab: `python -m abcd_run_browser.inside FOLDER USER -- WORD…`.

The input is read to its end before the command begins, and its output comes when it has ended: a
tab's machine has no streams, only files. No words at all mean the user's shell, which reads the
input.
"""

import base64
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from abcd_run import limits
from abcd_run.errors import AbcdRunError, UsageError
from abcd_run_browser import local

INPUT_BYTES = 64 * limits.MIB
NOT_RUN = 125
"""The exit status of `abcd-run exec` where the command was not run."""

BROKEN = 255
"""The exit status of one that had begun when its tab went away, as of ssh."""

ENVIRONMENT = "/run/abcd/environment"
"""Where images store the variables of `--env`, for a shell to read."""


def script(command: Sequence[str], *, user: str) -> str:
    """Return what root's shell inside must run: a command, as a user, in that user's home."""
    words = shlex.join(command) if command else "sh"
    line = f"[ -r {ENVIRONMENT} ] && . {ENVIRONMENT}; exec {words}"
    return f"exec su -l -s /bin/sh -c {shlex.quote(line)} {shlex.quote(user)}\n"


def main(words: Sequence[str]) -> int:
    """Run a command with our streams; return its exit status."""
    folder, user, _dashes, *command = words
    try:
        told = {
            "ask": "run",
            "script": script(command, user=user),
            "input": base64.b64encode(_input()).decode(),
        }
        answer = local.ask(Path(folder), told, seconds=None)
        out, err = (base64.b64decode(str(answer[key])) for key in ("out", "err"))
    except AbcdRunError as error:
        remedy = f" → {error.remedy}" if error.remedy else ""
        sys.stderr.write(f"abcd-run: {error.message}{remedy}\n")
        return BROKEN if isinstance(error, local.Broken) else NOT_RUN
    for stream, piece in ((sys.stdout.buffer, out), (sys.stderr.buffer, err)):
        stream.write(piece)
        stream.flush()
    return int(answer["status"])


def _input() -> bytes:
    """Return our input to its end; a terminal's is the person's, who gives none."""
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    given = sys.stdin.buffer.read(INPUT_BYTES + 1)
    if len(given) > INPUT_BYTES:
        raise UsageError("a command in a tab takes no more than 64 MiB of input")
    return given


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
