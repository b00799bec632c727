"""What mounts a stick's partition: each base has a copy, since recipes have no links."""

from pathlib import Path

PROFILES = Path(__file__).parents[3] / "profiles"
COPIES = [
    PROFILES / name / "abcdik/files/usr/lib/abcd/persistent" for name in ("abcd", "abcd4demo")
]


def test_both_bases_have_the_same() -> None:
    assert len({copy.read_bytes() for copy in COPIES}) == 1
