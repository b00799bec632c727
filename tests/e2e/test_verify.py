"""`verify` on the real engines: nothing differs, and what is planted is found."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from abcd_run import Session
from abcd_run.plan import image_word
from abcd_run.plan.request import Request
from abcd_run.session import Verified, verifying
from abcd_run.testing.cli import abcd_run, interrupted
from abcd_run.verify import agenda
from abcd_run.verify.values import Checked, Outcome
from tests.engines_here import need
from tests.listed import listed

FOUR = "podman,docker,lxd,libvirt"

PLANTS = """
mkdir -p /lib/apk/db && printf 'P:cowsay\\nV:3\\n\\n' >/lib/apk/db/installed
echo 'eve:x:1001:1001::/:/bin/sh' >>/etc/passwd
echo LANG=de_DE.UTF-8 >/etc/locale.conf
echo KEYMAP=fr >/etc/vconsole.conf
echo Europe/Paris >/etc/timezone
chmod 700 /usr/lib/abcd/services
echo '# changed' >>/usr/lib/abcd/network
nc -ll -p 4321 -e /bin/true </dev/null >/dev/null 2>&1 &
tail -f /dev/null </dev/null >/dev/null 2>&1 &
"""
FOUND: Mapping[str, tuple[str, str]] = {
    "a package": ("packages", "cowsay"),
    "a user": ("users and groups", "user eve"),
    "a locale": ("locale", "/etc/locale.conf LANG"),
    "a keyboard": ("keyboard", "/etc/vconsole.conf KEYMAP"),
    "a time zone": ("time zone", "timezone"),
    "a mode": ("base files", "/usr/lib/abcd/services"),
    "a hash": ("base files", "/usr/lib/abcd/network"),
    "a port": ("listening services", "4321"),
    "a process": ("processes", "tail"),
}
"""What is planted, the check that must find it, and under which name."""


@pytest.fixture
def lab() -> Iterator[Session]:
    """A session that ends what it launched."""
    need("podman", "docker")
    with Session(ephemeral=True) as lab:
        yield lab


def inspected(lab: Session, image: str, launched: Any) -> Verified:
    """Compare running instances."""
    wanted = image_word.resolve(Request(image), lab._opened.catalogue())
    return verifying.inspect(lab._opened, list(launched), wanted, agenda.of(wanted.profile))


def found(done: Verified, check: str, what: str, on: str) -> bool:
    """Say whether a check found something on one runtime, for which there is no reason."""
    one: Checked = next(one for one in done.checks if one.name == check)
    rows = [row for row in one.rows if row.what == what and not row.expected]
    return bool(rows) and one.outcomes[on] is Outcome.DIFFERS


def test_the_same_on_four() -> None:
    need(*FOUR.split(","))
    ended = abcd_run("verify", "--json", "--on", FOUR, "abcd4demo")
    checks = {one["check"]: one for one in ended.json["checks"]}
    assert [one for one in checks.values() if one["differences"]] == []
    assert (ended.status, ended.json["equal"], ended.json["errors"]) == (0, True, [])
    assert set(ended.json["instances"]) == {*FOUR.split(",")}
    assert len(checks["context"]["expected"]) == 5
    assert checks["base files"]["outcome"] == checks["listening services"]["outcome"] == "equal"
    left = {one["name"] for one in listed(*FOUR.split(","))}
    assert not left & {*ended.json["instances"].values()}


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    need("podman", "docker")
    profile = tmp_path / f"verified-{os.getpid()}.toml"
    profile.write_text('parent = "abcd4demo"\n')
    line = ("verify", "--on", "podman,docker", str(profile))
    ended, seen = interrupted(*line, at="ready")
    assert ended.status == 130, ended.err
    assert any(line.rstrip().endswith("ready") for line in seen)
    assert profile.stem not in {one["image"] for one in listed("podman", "docker")}


def test_what_is_planted_is_found(lab: Session) -> None:
    done = lab.launch("abcd4demo", on="podman,docker")
    before = inspected(lab, "abcd4demo", done)
    assert before.differences == ()
    other = next(one for one in done if one.runtime == "docker")
    planted = lab.exec(other, ["sh", "-c", PLANTS], user="root")
    assert (planted.status, planted.stderr) == (0, "")
    after = inspected(lab, "abcd4demo", done)
    assert [
        what for what, (check, row) in FOUND.items() if not found(after, check, row, "docker")
    ] == []
    assert len([one for one in after.checks if one.outcome is Outcome.DIFFERS]) == 8


def test_another_wallpaper_is_found(lab: Session) -> None:
    done = lab.launch("abcd4demo-desktop", on="podman,docker")
    assert inspected(lab, "abcd4demo-desktop", done).differences == ()
    other = next(one for one in done if one.runtime == "docker")
    line = ". /run/abcd/session/environment && xsetroot -solid '#2060a0'"
    assert lab.exec(other, ["sh", "-c", line]).status == 0
    after = inspected(lab, "abcd4demo-desktop", done)
    assert [one.name for one in after.differences] == ["picture"]
    assert found(after, "picture", "pixels", "docker")
