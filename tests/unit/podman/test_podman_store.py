"""A person's first podman, and the ways of keeping images that it is left to."""

import tomllib
from pathlib import Path

import pytest

from abcd_run_podman import store

INFO = """#!/bin/sh
echo "$*" >>"$HOME/asked"
exit {status}
"""


@pytest.fixture
def podman(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the program of a person who has never used it; it can have overlays."""
    monkeypatch.setattr(store, "SETTINGS", ())
    monkeypatch.setattr("abcd_run.host.this_host.user", lambda: 1000)
    program = home / "bin" / "podman"
    program.write_text(INFO.format(status=0))
    program.chmod(0o755)
    return program


def test_the_first_is_told_to_have_overlays(podman: Path, home: Path) -> None:
    store.prepare()
    settings = home / ".config/containers/storage.conf"
    assert tomllib.loads(settings.read_text()) == {"storage": {"driver": "overlay"}}
    assert (home / "asked").read_text() == "info\n"
    store.prepare()
    assert (home / "asked").read_text() == "info\n"


def test_a_home_that_cannot_have_them_is_left_to_podman(podman: Path) -> None:
    podman.write_text(INFO.format(status=125))
    store.prepare()
    assert not store.settings().exists()


@pytest.mark.parametrize("driver", ["overlay", "vfs"])
def test_the_second_is_left_alone(podman: Path, home: Path, driver: str) -> None:
    (home / f".local/share/containers/storage/{driver}-images").mkdir(parents=True)
    store.prepare()
    assert store.copies() is (driver == "vfs")
    assert not store.settings().exists()
    assert not (home / "asked").exists()


@pytest.mark.parametrize("how", ["settings", "variable", "root"])
def test_who_has_chosen_is_left_alone(
    podman: Path, home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "settings":
        store.settings().parent.mkdir(parents=True)
        store.settings().write_text("[storage]\ndriver = 'vfs'\n")
    elif how == "variable":
        monkeypatch.setenv("STORAGE_DRIVER", "vfs")
    else:
        monkeypatch.setattr("abcd_run.host.this_host.user", lambda: 0)
    store.prepare()
    assert not (home / "asked").exists()
    assert store.settings().exists() is (how == "settings")


def test_an_old_kernel_wants_the_program(podman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "NATIVE", (99, 0))
    store.prepare()
    assert not store.settings().exists()
    (podman.parent / "fuse-overlayfs").touch(0o755)
    store.prepare()
    assert store.settings().exists()
