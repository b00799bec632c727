"""Values that nobody expects, in the places of those that somebody does.

`ABCD_RUN_FUZZ=N` tries N examples of each test, other ones every time; without it they are few, and
the same ones every time.
"""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

F = TypeVar("F", bound=Callable[..., None])

MANY = int(os.environ.get("ABCD_RUN_FUZZ") or 0)
SECONDS = 10

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 5, 1 << 70, 1e300, [], {}, [[]], ["a", 5], {"a": None}),
        *("", "\0", "\x1b[2J", "\ud800", "..", "/", "9" * 5000, "é" * 300),
        *("sha256:" + "0" * 64, "sha256:"),
    ]
)
JSON = st.recursive(
    ODD | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def examples(few: int) -> Callable[[F], F]:
    """Have a test tried with that many examples, each of which may take ten seconds.

    It gets the mark by which `make soak` finds it.
    """
    tried = settings(
        max_examples=MANY or few,
        derandomize=not MANY,
        database=None,
        deadline=timedelta(seconds=SECONDS),
        suppress_health_check=list(HealthCheck),
    )

    def decorated(test: F) -> F:
        return cast(F, pytest.mark.fuzz(tried(test)))

    return decorated


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the ways to every value inside a document."""
    listed = enumerate(value) if isinstance(value, list) else ()
    inside: Any = value.items() if isinstance(value, dict) else listed
    return [path, *(spot for key, item in inside for spot in spots(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a document in which one value is another one."""
    if not path:
        return new
    copy = json.loads(json.dumps(value))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return copy
