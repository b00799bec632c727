"""Run programs of the host without a time limit, and show the user their progress.

They end with us and on cancellation; see `bounded_output` for those that must be quick.
"""

import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

from abcd_run.concurrency.cancel import check, current
from abcd_run.errors import ArtifactError
from abcd_run.host import parent_death, process_group
from abcd_run.runtime import Say

LAST_LINES = 15
LONGEST_LINE = 500
"""Characters of a line that an error shows; some programs print whole lists in one."""
KILL_SECONDS = 2.0
"""How long a program may take to end after SIGTERM."""


def run(
    command: Sequence[str],
    *,
    doing: str,
    say: Say,
    cwd: Path | None = None,
    inherited: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a command and report each line that it prints; it ends with us, even if interrupted.

    It inherits the given file descriptors, such as a lock's, and has our environment unless one is
    given. Raises `ArtifactError` with its last lines.
    """
    last = deque[str](maxlen=LAST_LINES)
    with child(
        command,
        cwd=cwd,
        stderr=subprocess.STDOUT,
        inherited=inherited,
        environment=environment,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.decode(errors="replace").strip()
            last.append(text[:LONGEST_LINE])
            say(f"{doing}: {text}")
    if process.returncode:
        raise ArtifactError(
            f"{doing} failed with exit status {process.returncode}",
            details="\n".join(last),
            remedy="fix the problem shown above, then retry",
        )


def ran(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end, and return its status and output."""
    with child(command, stderr=subprocess.PIPE) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@contextmanager
def child(
    command: Sequence[str],
    *,
    stderr: int,
    stdin: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    inherited: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[process_group.Process]:
    """Run a command while the block reads its output; it has ended when the block returns.

    If the block fails or is cancelled, the command and all its children are asked to end, and
    killed if they do not. Raises `Interrupted`.
    """
    check()
    with process_group.started(
        command,
        stdin=stdin,
        stderr=stderr,
        cwd=cwd,
        inherited=inherited,
        environment=environment,
    ) as process:
        killing = Timer(KILL_SECONDS, process_group.kill, (process,))
        killing.daemon = True

        def end() -> None:
            process_group.end(process)
            with suppress(RuntimeError):  # it was already asked to end
                killing.start()

        try:
            ending = current().ending(end, at_last=lambda: process_group.kill(process))
            with parent_death.bound(process.pid), ending:
                yield process
                process.wait()
        except BaseException:
            end()
            process.wait()
            raise
        finally:
            if killing.ident:  # its children were asked to end, too
                killing.cancel()
                process_group.kill(process)
    check()
