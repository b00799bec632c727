"""Capture a program's output with limits on time and bytes; beyond them its group is killed.

See `programs` for commands without a time limit.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import NamedTuple

from abcd_run import limits
from abcd_run.host import process_group
from abcd_run.host.bounded_reader import left
from abcd_run.host.process_group import Process, kill
from abcd_run.units import format_size

PIECE = 1 << 16
LOOK_SECONDS = 0.02


class TooMuch(Exception):
    """A program printed more than it may."""


class Late(TimeoutError):
    """A program took longer than it may; `out` and `err` hold its output so far."""

    def __init__(self, out: bytes, err: bytes) -> None:
        super().__init__("timed out")
        self.out, self.err = out, err


class Printed(NamedTuple):
    """A program's output and exit status."""

    status: int
    out: bytes
    err: bytes


def printed(
    line: Sequence[str],
    *,
    seconds: float,
    most: int,
    environment: Mapping[str, str] | None = None,
) -> Printed:
    """Run a program and return up to `most` bytes of its output, and the start of its errors.

    Raises `Late` or `TooMuch` after killing it.
    """
    until = time.monotonic() + seconds
    out, err = bytearray(), bytearray()
    with process_group.started(line, environment=environment) as process:
        try:
            _read(process, until, most, out, err)
            status = process.wait(left(until))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            kill(process)
            raise Late(bytes(out), bytes(err)) from error
        except BaseException:
            kill(process)
            raise
    return Printed(status, bytes(out), bytes(err))


def _read(process: Process, until: float, most: int, out: bytearray, err: bytearray) -> None:
    assert process.stdout
    assert process.stderr
    if sys.platform == "win32":
        _read_beside(process, until, most, out, err)
        return
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        while selector.get_map():
            for key, _ in selector.select(left(until)):
                piece = os.read(key.fd, PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.data is out or len(err) < limits.TEXT_BYTES:
                    key.data.extend(piece)
            if len(out) > most:
                raise TooMuch(f"more than {format_size(most)}")


def _read_beside(process: Process, until: float, most: int, out: bytearray, err: bytearray) -> None:
    """Read in threads: Windows waits for sockets only, not for pipes."""
    # Whoever still writes then, though its parent is gone, ends by what it writes.
    over = Event()

    def gather(descriptor: int, into: bytearray, keep: int) -> None:
        try:
            while not over.is_set() and (piece := os.read(descriptor, PIECE)):
                if len(into) <= keep:
                    into.extend(piece)
        finally:
            os.close(descriptor)

    assert process.stdout
    assert process.stderr
    # Their own descriptors: the process's are closed once it was killed, read or not.
    jobs = [
        (os.dup(process.stdout.fileno()), out, most),
        (os.dup(process.stderr.fileno()), err, limits.TEXT_BYTES),
    ]
    threads = [Thread(target=gather, args=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(min(LOOK_SECONDS, left(until)))
                if len(out) > most:
                    raise TooMuch(f"more than {format_size(most)}")
    finally:
        over.set()
