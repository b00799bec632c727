"""Run programs of the host and tell the user what they are doing."""

import subprocess
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from abcd_run.errors import ArtifactError
from abcd_run.runtime import Say

LAST_LINES = 15


def run(command: Sequence[str], *, doing: str, say: Say, cwd: Path | None = None) -> None:
    """Run a command, telling each line that it prints; it ends with us, also when interrupted.

    Raises `ArtifactError` with its last lines.
    """
    last = deque[str](maxlen=LAST_LINES)
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # Ctrl-C is for us to handle: the command is ended below.
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last.append(line.rstrip())
                say(f"{doing}: {line.strip()}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise ArtifactError(
            f"{doing} failed with exit status {process.returncode}",
            details="\n".join(last),
            remedy="mend what its last lines say, then try again",
        )
