"""A family of two images with recipes, and a runtime that builds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.build import engine, files, packages, prepared
from abcd_run.build.engine import Engine
from tests.unit.build.builder import Builder

Write = Callable[..., Path]
PREPARE = """#!/bin/sh
set -eu
mkdir tree && echo "$PWD" >tree/where && tar -cf layer.tar -C tree where
"""


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """A builder, whatever runtimes there are."""
    builds = Builder(tmp_path / "builder")
    monkeypatch.setattr(engine, "of", lambda _fleet: Engine(builds.runtime, builds))
    return builds


@pytest.fixture
def family(write: Write, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile whose parent has a recipe too, and the parent's folder.

    The parent's base is prepared, its upper layers are files; the child adds files alone.
    """
    monkeypatch.setenv("PATH", f"{home / 'bin'}:/usr/bin:/bin")
    parent = write("parent", "[abcdic]\nentrypoint = ['/init']\n[abcdik]").with_suffix("")
    child = write("child", "parent = 'parent'").with_suffix("")
    for kind in ("abcdic", "abcdik"):
        _put(parent / kind / "files" / "etc" / "variant", kind)
    _put(parent / "base" / "prepare", PREPARE).chmod(0o755)
    _put(child / "files" / "etc" / "child", "one")
    return parent


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is made, and not taken from what was built before."""
    done: list[str] = []
    for module, name in (
        (files, "layer"),
        (prepared, "layers"),
        (packages, "installed"),
        (packages, "set_up"),
    ):
        original = getattr(module, name)

        def counted(
            what: object, *args: object, original: Callable[..., object] = original
        ) -> object:
            done.append(str(getattr(what, "folder", what)).rpartition("profiles/")[2])
            return original(what, *args)

        monkeypatch.setattr(module, name, counted)
    return done
