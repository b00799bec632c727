"""Run `logs -f` during a test, and read it line by line."""

import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from abcd_run.testing.cli import PROGRAM

LINE_SECONDS = 60.0
"""How long a printed line may take to arrive."""


@dataclass
class Following:
    """A running `logs -f`; a thread reads its lines, since it may stay silent forever."""

    process: subprocess.Popen[bytes]
    _lines: queue.Queue[bytes | None] = field(default_factory=queue.Queue[bytes | None])

    def __post_init__(self) -> None:
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def shows(self, wanted: str) -> bool:
        """Say whether a line with these words arrives."""
        try:
            while (line := self._lines.get(timeout=LINE_SECONDS)) is not None:
                if wanted.encode() in line:
                    return True
        except queue.Empty:
            pass
        return False

    def goes_on(self) -> bool:
        """Say whether it is still running."""
        return self.process.poll() is None

    def ends(self) -> bool:
        """Say whether it ends in time."""
        try:
            self.process.wait(LINE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True


@contextmanager
def following(name: str) -> Iterator[Following]:
    """Follow an instance's output; kill `logs -f` at the end of the block if it still runs."""
    with subprocess.Popen(
        [PROGRAM, "logs", "--follow", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield Following(process)
        finally:
            process.kill()
