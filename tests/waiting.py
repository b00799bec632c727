"""Await what must come to be, and fail when it does not."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from abcd_run.errors import Interrupted

LOOK_SECONDS = 0.01
SOON = 2.0
"""Seconds in which a wait ends: far below how long it would last, far above what it takes."""


def until(condition: Callable[[], bool], *, within: float = 30) -> float:
    """Await that a condition holds; return the seconds that it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within, f"not within {within:g} s"
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun


@contextmanager
def ends_soon() -> Iterator[None]:
    """Expect that what the block waits for is cancelled, and that this is noticed at once."""
    began = time.monotonic()
    with pytest.raises(Interrupted):
        yield
    assert time.monotonic() - began < SOON
