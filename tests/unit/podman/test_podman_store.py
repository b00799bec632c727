"""A person's first podman, and the ways of keeping images that it is left to."""

from pathlib import Path

import pytest

from abcd_run_podman import store

INFO = """#!/bin/sh
echo "$* $STORAGE_DRIVER" >>"$HOME/asked"
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
    assert store.at_first() == {"STORAGE_DRIVER": "overlay"}
    assert (home / "asked").read_text() == "info overlay\n"


def test_a_home_that_cannot_have_them_is_left_to_podman(podman: Path) -> None:
    podman.write_text(INFO.format(status=125))
    assert store.at_first() == {}


@pytest.mark.parametrize("driver", ["overlay", "vfs"])
def test_the_second_is_left_alone(podman: Path, home: Path, driver: str) -> None:
    (home / f".local/share/containers/storage/{driver}-images").mkdir(parents=True)
    assert store.at_first() == {}
    assert store.copies() is (driver == "vfs")
    assert not (home / "asked").exists()


def test_who_has_chosen_is_left_alone(
    podman: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / ".config/containers/storage.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text("[storage]\ndriver = 'vfs'\n")
    assert store.at_first() == {}
    settings.unlink()
    monkeypatch.setenv("STORAGE_DRIVER", "vfs")
    assert store.at_first() == {}
    monkeypatch.delenv("STORAGE_DRIVER")
    monkeypatch.setattr("abcd_run.host.this_host.user", lambda: 0)
    assert store.at_first() == {}
    assert not (home / "asked").exists()


def test_an_old_kernel_wants_the_program(podman: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "NATIVE", (99, 0))
    assert store.at_first() == {}
    (podman.parent / "fuse-overlayfs").touch(0o755)
    assert store.at_first() == store.OVERLAYS
