"""Await what must come to be, and fail when it does not."""

import time
from collections.abc import Callable

LOOK_SECONDS = 0.01


def until(condition: Callable[[], bool], *, within: float = 30) -> float:
    """Await that a condition holds; return the seconds that it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within, f"not within {within:g} s"
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun
