"""`logs -f` beside a test, read line by line."""

import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from abcd_run.testing.cli import PROGRAM

LINE_SECONDS = 60.0
"""How long what was printed may be on its way."""


@dataclass
class Following:
    """A `logs -f` that runs; its lines are read by a thread, since it may print none for ever."""

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
        """Say whether a line comes that has these words."""
        try:
            while (line := self._lines.get(timeout=LINE_SECONDS)) is not None:
                if wanted.encode() in line:
                    return True
        except queue.Empty:
            pass
        return False

    def goes_on(self) -> bool:
        """Say whether it still follows."""
        return self.process.poll() is None

    def ends(self) -> bool:
        """Say whether it comes to its end."""
        try:
            self.process.wait(LINE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True


@contextmanager
def following(name: str) -> Iterator[Following]:
    """Follow what an instance prints; ended with the block where it does not end by itself."""
    with subprocess.Popen(
        [PROGRAM, "logs", "--follow", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield Following(process)
        finally:
            process.kill()
