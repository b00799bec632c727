"""A profile's expression over what a guest printed: whoever wrote both, it ends."""

import time

import pytest

from abcd_run import limits
from abcd_run.host.bounded_match import Unusable, says


@pytest.mark.parametrize(
    ("wanted", "printed", "matches"),
    [
        ("login: $", b"boot\nlogin: \n", True),
        ("^log.n:", b"boot\nlogin: \n", True),
        ("^ogin", b"login", False),
        (r"1\.0", b"1.0", True),
        (r"1\.0", b"1x0", False),
        ("(abcd|x): rea+dy$", b"abcd: reaady\n", True),
        (r"up \d+ s", b"up 12 s", True),
        (r"up \d+ s", b"up s", False),
        ("a+", b"\xff\xfea", True),
    ],
)
def test_expressions(wanted: str, printed: bytes, matches: bool) -> None:
    assert says(printed, wanted) is matches


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["(a+)+$", "(a|a)*$", r"(.*)*\1x", ".*.*.*.*x"])
def test_a_slow_expression_is_given_up(wanted: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unusable, match="did not finish within"):
        says(b"a" * 5000 + b"!", wanted)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("wanted", ["(", "(" * 120, "a{99999999999}", "*"])
def test_what_is_no_expression(wanted: str) -> None:
    with pytest.raises(Unusable):
        says(b"", wanted)


def test_only_the_last_of_a_long_text_counts() -> None:
    long = b"\n" * (2 * limits.TEXT_BYTES)
    assert not says(b"ready" + long, "ready")
    assert says(long + b"ready", "ready")
