"""What a program prints, for a time and a number of bytes; then it is ended, and all it started."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from abcd_run import limits
from abcd_run.host.bounded_reader import left
from abcd_run.units import format_size

PIECE = 1 << 16


class TooMuch(Exception):
    """A program printed more than was asked for."""


class Printed(NamedTuple):
    """What a program printed, and how it ended."""

    status: int
    out: bytes
    err: bytes


def printed(line: Sequence[str], *, seconds: float, most: int) -> Printed:
    """Run a program and return what it printed, `most` bytes of it; of its complaints the first.

    Raises `TimeoutError` or `TooMuch`, when it has been ended.
    """
    until = time.monotonic() + seconds
    with subprocess.Popen(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that what it starts is ended with it
    ) as process:
        try:
            out, err = _read(process, until, most)
            status = process.wait(left(until))
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise TimeoutError("timed out") from error
        except BaseException:
            _kill(process)
            raise
    return Printed(status, out, err)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], until: float, most: int) -> tuple[bytes, bytes]:
    assert process.stdout
    assert process.stderr
    out, err = bytearray(), bytearray()
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
    return bytes(out), bytes(err)
