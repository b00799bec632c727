"""A registry that is a folder, and an image in it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.family import skopeo
from tests.unit.family.shelf import PROFILE, REFERENCE
from tests.unit.oci.making import Tar, layout

Run = Callable[..., Ended]
Write = Callable[..., Path]
Engines = Callable[..., list[FakeEngine]]


@pytest.fixture
def shelf(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The registry's folder, reached by a skopeo on this user's PATH."""
    folder = home / "registry"
    folder.mkdir()
    program = home / "bin" / "skopeo"
    program.write_text(f"#!{sys.executable} -IS\n" + Path(skopeo.__file__).read_text())
    program.chmod(0o755)
    monkeypatch.setenv("FAKE_REGISTRY", str(folder))
    return folder


@pytest.fixture
def images(home: Path, write: Write) -> Path:
    """A profile called web, whose variants are layouts that share a layer."""
    folder = home / "images"
    folder.mkdir()
    common = Tar().file("base", b"base" * 1000).bytes()
    layout(folder / "ic", common, Tar().file("ic", b"1"))
    layout(folder / "ik", common, Tar().file("ik", b"2"))
    write("web", PROFILE.format(folder=folder))
    return folder


@pytest.fixture
def elsewhere(
    images: Path, shelf: Path, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Publish it, and go on as somebody with an empty cache and no such profile."""
    done = run("--json", "publish", "web", REFERENCE)
    assert done.status == 0, done.err
    (home / ".config" / "abcd-run" / "profiles" / "web.toml").unlink()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "empty"))
    (shelf / "log").unlink()
    published: dict[str, Any] = done.json["published"]
    return published
