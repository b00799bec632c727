"""Advisories for old versions, and how `doctor` reports them."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.doctor import advisories, checks
from abcd_run.doctor.advisories import Package, known
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine

RUNC = {"CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"}
LXD = {"CVE-2026-48749", "CVE-2026-48750", "CVE-2026-48752"}


def ids(component: str, version: str, package: Package | None = None) -> set[str]:
    return {one for matched in known(component, version, package) for one in matched.advisory.ids}


@pytest.mark.parametrize(
    "version", ["1.1.5+ds1", "1.2.7", "1.3.2", "v1.1.5", "1:1.2.7-1", "1.2.8rc"]
)
def test_versions_before_the_fixed_one_of_their_branch(version: str) -> None:
    assert (ids("runc", version) >= RUNC) is (version != "1.2.8rc")


@pytest.mark.parametrize(
    "version", ["1.2.8", "1.2.10", "1.3.3", "1.4.0", "1.5.1", "2.0", "", "?", "git"]
)
def test_versions_that_are_fixed_or_unknown(version: str) -> None:
    assert ids("runc", version) == set()


@pytest.mark.parametrize(
    ("version", "old"),
    [
        ("5.0.2", True), ("5.0.7", False), ("5.21.4", True), ("5.21.5", False), ("5.20", True),
        ("6.8", True), ("6.9", False), ("6.10", False), ("4.0.9", True), ("7.0", False),
    ],
)  # fmt: skip
def test_lxd_by_its_branches(version: str, *, old: bool) -> None:
    assert (ids("lxd", version) >= LXD) is old


def test_what_a_package_names_as_fixed_is_not_told() -> None:
    """Debian fixes a version without changing its number."""
    fixed = Package("1.1.5+ds1-1+deb12u2", frozenset({"CVE-2024-21626", *RUNC}))
    assert ids("runc", "1.1.5+ds1", fixed) == set()
    in_part = Package("1.1.5+ds1-1+deb12u1", frozenset({"CVE-2024-21626", "CVE-2025-31133"}))
    assert ids("runc", "1.1.5+ds1", in_part) == RUNC
    (left,) = known("runc", "1.1.5+ds1", in_part)
    assert left.package == in_part.version
    assert "apt list --upgradable" in left.says()
    # The engine may not be the one from the package.
    assert ids("runc", "1.2.7", fixed) == RUNC


def test_a_package_of_this_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dpkg-query"
    program.write_text('#!/bin/sh\n[ "$4" = lxd ] || exit 1\nprintf 5.0.2-5\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    changes = tmp_path / "lxd" / "changelog.Debian.gz"
    changes.parent.mkdir()
    changes.write_bytes(gzip.compress(b"  * Fix CVE-2026-48749, CVE-2026-48750 (closes: #1)\n"))
    package = advisories.package("lxd", documents=tmp_path)
    assert package == Package("5.0.2-5", frozenset({"CVE-2026-48749", "CVE-2026-48750"}))
    changes.write_bytes(b"no gzip")
    assert advisories.package("lxd", documents=tmp_path) == Package("5.0.2-5")
    assert advisories.package("other", documents=tmp_path) is None


def test_the_table_can_be_compared() -> None:
    for one in advisories.TABLE:
        assert one.ids
        assert one.possible
        assert known(one.component, "0.0.1")
        assert all(one not in [k.advisory for k in known(one.component, v)] for v in one.fixed)


def test_doctor_tells_it(
    engines: Callable[..., list[FakeEngine]],
    run: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (one,) = engines("one")
    one.parts = {"runc": "1.1.5", "crun": "1.0"}
    here = {"runc": Package("1.1.5-1+deb12u1"), "nginx": Package("1.22.1-9+deb12u3")}
    monkeypatch.setattr(advisories, "package", here.get)
    shown = run("doctor")
    assert shown.status == 0
    assert "     ! runc 1.1.5: " in shown.out
    assert "nginx: 1.22.1-9+deb12u3 on this host\n     ! nginx 1.22.1" in shown.out
    assert f"!    marks advisories that were public on {advisories.AS_OF}\n" in shown.out
    document = run("doctor", "--json").json
    assert document["known_as_of"] == advisories.AS_OF
    told = [known for check in document["checks"] for known in check["known"]]
    assert {known["component"] for known in told} == {"nginx", "runc"}
    assert told[-1]["package"] == "1.1.5-1+deb12u1"


def test_doctor_is_silent_where_nothing_is_known(
    engines: Callable[..., list[FakeEngine]],
    run: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(advisories, "package", lambda _: None)
    (one,) = engines("one")
    one.parts = {"runc": "99.0"}
    assert "!" not in run("doctor").out
    assert checks.known({"runc": "99.0", "no such thing": "1"}) == ()
