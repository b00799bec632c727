"""A home that is kept: the same one on every runtime, owned by the right person on both sides."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import is_named, need

RUNTIMES = tuple(filter(is_named, ("podman", "docker", "libvirt", "lxd")))
"""In the order in which the home goes around."""

ADD = """
cd
echo "$0" >"begun on $0"
mkdir -p "in $0"; ln -sfn "../begun on $0" "in $0/link"
echo "ssh-ed25519 AAAA $0" >>.ssh/authorized_keys
echo '#!/bin/sh' >run-me; chmod 750 run-me
ls -A
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder for the home, in this user's own."""
    folder = Path.home() / f"kept-{os.getpid()}"
    yield folder
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


@pytest.mark.timeout(900)
def test_it_goes_around_the_runtimes(home: Path) -> None:
    need(*RUNTIMES)
    for place, runtime in enumerate(RUNTIMES):
        (instance,) = launch("--on", runtime, f"--home={home}", "abcd4demo")
        name = instance["name"]
        try:
            assert instance["home"] == str(home)
            listed = abcd_run("exec", name, "--", "sh", "-c", ADD, runtime)
            assert listed.status == 0, listed.err
            assert {f"begun on {one}" for one in RUNTIMES[: place + 1]} <= {
                *listed.out.splitlines()
            }
            inside = abcd_run("exec", name, "--", "sh", "-c", "cd; stat -c '%U %a' . run-me")
            assert inside.out == "abcd 700\nabcd 750\n", inside.err
            assert another_is_refused(home, name)
        finally:
            assert abcd_run("stop", name).status == 0
        check_outside(home, runtime)
    # What its owner appends stays; the launcher's own keys are those of one start.
    keys = (home / ".ssh" / "authorized_keys").read_text().splitlines()
    assert [one for one in keys if " AAAA " in one] == [
        f"ssh-ed25519 AAAA {one}" for one in RUNTIMES
    ]
    assert keys.count("# abcd-run's keys") == 1


def another_is_refused(home: Path, name: str) -> bool:
    """Say whether a second instance with the same home is refused by the first one's name."""
    ended = abcd_run("--on", RUNTIMES[0], f"--home={home}", "abcd4demo")
    return ended.status == 2 and f"abcd-run stop {name}" in ended.err


def check_outside(home: Path, runtime: str) -> None:
    """Check what a runtime left on this host."""
    everything = [home, *home.rglob("*")]
    assert {path.lstat().st_uid for path in everything} == {os.getuid()}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "run-me").stat().st_mode) == 0o750
    assert (home / f"in {runtime}" / "link").read_text() == f"{runtime}\n"


def test_virtualbox_refuses_it_before_anything_is_fetched() -> None:
    need("virtualbox")
    ended = abcd_run("--on", "virtualbox", "--home", "--pull", "never", "abcd4demo")
    assert (ended.status, "--no-home" in ended.err) == (2, True)
