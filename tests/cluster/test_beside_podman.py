"""One image beside itself, here and on a cluster: the same system, each behind its own password."""

import pytest

from abcd_run.testing.cli import abcd_run, http_status, launch
from tests.engines_here import need

ON = ("podman", "kubernetes")
LONG_SECONDS = 900
"""The desktop may have to be built, and goes to the cluster's registry once."""

pytestmark = pytest.mark.timeout(LONG_SECONDS + 120)


@pytest.fixture(autouse=True)
def _engines() -> None:
    need(*ON)


@pytest.mark.parametrize(
    ("image", "picture"), [("abcd4demo", "unasked"), ("abcd4demo-desktop", "equal")]
)
def test_verify_over_both(image: str, picture: str) -> None:
    """Nothing differs that must not; what only root sees was not asked of the pod."""
    ended = abcd_run("verify", "--json", "--on", ",".join(ON), image, within=LONG_SECONDS)
    checks = {one["check"]: one for one in ended.json["checks"]}
    assert [one for one in checks.values() if one["differences"]] == []
    assert (ended.status, ended.json["equal"], ended.json["errors"]) == (0, True, [])
    assert (checks["base files"]["outcome"], checks["picture"]["outcome"]) == ("equal", picture)
    # A node may let ordinary users open port 22, or not.
    assert {one["what"] for one in checks["listening services"]["expected"]} <= {"22"}
    assert {one["what"] for one in checks["context"]["expected"]} >= {"init", "network"}


@pytest.mark.parametrize(
    ("image", "pages"), [("abcd4demo", {"web"}), ("abcd4demo-desktop", {"web", "desktop"})]
)
def test_podman_and_kubernetes_at_once(image: str, pages: set[str]) -> None:
    there = launch("--on", ",".join(ON), image, within=LONG_SECONDS)
    names = [one["name"] for one in there]
    try:
        assert {(one["runtime"], one["stage"]) for one in there} == {(on, "ready") for on in ON}
        for one in there:
            urls = {e["service"]: e["url"] for e in one["endpoints"] if e["service"] in pages}
            assert set(urls) == pages
            for url in urls.values():
                assert http_status(url, user="abcd", password=one["password"])[0] == 200
                assert http_status(url)[0] == 401
        releases = {abcd_run("exec", name, "--", "cat", "/etc/os-release").out for name in names}
        assert len(releases) == 1
        assert "ABCD demo" in releases.pop()
    finally:
        assert abcd_run("stop", *names).status == 0
