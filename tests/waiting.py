"""Await what must come to be, and expect waits to end when they are cancelled."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from abcd_run.errors import Interrupted
from abcd_run.testing.waiting import LOOK_SECONDS, until

__all__ = ["LOOK_SECONDS", "SOON", "ends_soon", "until"]

SOON = 2.0
"""Seconds in which a wait ends: far below how long it would last, far above what it takes."""


@contextmanager
def ends_soon() -> Iterator[None]:
    """Expect that what the block waits for is cancelled, and that this is noticed at once."""
    began = time.monotonic()
    with pytest.raises(Interrupted):
        yield
    assert time.monotonic() - began < SOON
