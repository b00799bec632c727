"""docs/own-image.md, line by line: from nothing to an image of one's own on four runtimes."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.testing.cli import abcd_run
from tests.engines_here import USUAL_VIRTUALBOX, need
from tests.listed import listed
from tests.walk import page

PAGE = Path(__file__).parents[2] / "docs" / "own-image.md"
FOUR = ("podman", "docker", "lxd", "libvirt")
BUILD_SECONDS = 900
EDIT_SECONDS = 15
"""How long a person waits for an image that they changed a line of."""

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new person's folder of profiles; what was built for others may be used."""
    need(*FOUR)
    profiles = tmp_path / ".config" / "abcd-run" / "profiles"
    with Fleet(Registry.installed()) as fleet:
        # libvirt's daemon stays while somebody is connected: another one would take this person's
        # folder for its own, whose name is too long for its sockets.
        fleet.runtime("libvirt").probe()
        monkeypatch.setenv(*USUAL_VIRTUALBOX)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
        yield profiles
        stop()


def stop() -> None:
    """End what the page launched, and nothing else."""
    names = [one["name"] for one in listed(*FOUR)]
    if ours := [name for name in names if name.startswith("mylab-")]:
        ended = abcd_run("stop", *ours)
        assert ended.status == 0, ended.err


def blocks() -> list[str]:
    """Return the page's blocks of commands, down to its second heading."""
    return page.blocks(PAGE.read_text().partition("\n## ")[0])


def typed(block: str, home: Path) -> str:
    """Type a block into a shell as a person does, and return what it prints."""
    lines = block.replace("~/.config", "$XDG_CONFIG_HOME").replace("abcd-run stop --all", "")
    folder = home if home.is_dir() else home.parents[2]
    ended = subprocess.run(
        ["bash", "-euc", lines],
        cwd=folder,
        env={**os.environ, "BROWSER": "true"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_page_works(home: Path) -> None:
    made, profile, recipe, launched, edited, everywhere = blocks()
    for block in (made, profile, recipe):
        typed(block, home)
    assert "tree v" in typed(launched, home)
    began = time.monotonic()
    assert typed(edited, home).endswith("Welcome to the lab.\nRoom 12.\n")
    assert time.monotonic() - began < EDIT_SECONDS
    stop()
    typed(everywhere, home)
    ours = [one for one in listed(*FOUR) if one["name"].startswith("mylab-")]
    assert {one["runtime"] for one in ours} == {*FOUR}
    for name in (one["name"] for one in ours):
        ended = abcd_run(
            "exec", name, "--", "sh", "-c", "command -v tree; command -v bc; tail -n 1 /etc/motd"
        )
        assert ended.out == "/usr/bin/tree\n/usr/bin/bc\nRoom 12.\n", f"{name}: {ended}"


def test_an_edit_needs_no_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does anything else that was built before."""
    made, profile, recipe, *_ = blocks()
    for block in (made, profile, recipe):
        typed(block, home)
    built = abcd_run("build", "abcdic-mylab", within=BUILD_SECONDS)
    assert built.status == 0, built.err
    monkeypatch.setenv("ABCD_RUN_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (home / "mylab" / "files" / "etc" / "motd").write_text("Offline.\n")
    ended = abcd_run("--on", "podman", "--no-open", "mylab")
    assert ended.status == 0, ended.err
    shown = abcd_run("exec", "mylab-podman-1", "--", "cat", "/etc/motd")
    assert shown.out == "Offline.\n"


def test_a_wrong_package_is_told_with_its_file(home: Path) -> None:
    made, profile, *_ = blocks()
    typed(made, home)
    typed(profile, home)
    (home / "mylab" / "packages").write_text("no-such-package\n")
    ended = abcd_run("build", "abcdic-mylab", within=BUILD_SECONDS)
    assert ended.status == 4
    assert str(home / "mylab" / "packages") in ended.err
    assert "Unable to locate package no-such-package" in ended.err
