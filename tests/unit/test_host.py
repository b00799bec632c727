"""What this host has, asked in the quick way and in the right one."""

import os
from pathlib import Path

import psutil
import pytest

from abcd_run.host import this_host


def test_the_memory_that_is_free() -> None:
    assert 0 < this_host.memory_available() < psutil.virtual_memory().total


def test_nobody_says_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", "/nowhere")
    assert this_host.memory_available() == 0


@pytest.mark.parametrize(("wanted", "plenty"), [(0, True), (500, True), (501, False)])
def test_plenty_is_twice_what_is_wanted(
    wanted: int, plenty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"SC_AVPHYS_PAGES": 10, "SC_PAGE_SIZE": 100}
    monkeypatch.setattr(os, "sysconf", told.__getitem__)
    assert this_host.has_plenty(wanted) == plenty


def test_a_system_that_does_not_count_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", unknown)
    assert not this_host.has_plenty(0)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ('XKBMODEL="pc105"\nXKBLAYOUT="fr"\nXKBVARIANT=""\n', "fr"),
        ('XKBLAYOUT="ch"\nXKBVARIANT="fr"\n', "ch(fr)"),
        ('XKBLAYOUT="ru,us"\nXKBVARIANT=","\n', "ru"),
        ("XKBLAYOUT=de\n", "de"),
        ('XKBLAYOUT=""\n', "us"),
        ("", "us"),
    ],
)
def test_the_keyboard_is_the_hosts(text: str, layout: str, tmp_path: Path) -> None:
    file = tmp_path / "keyboard"
    file.write_text(text)
    assert this_host.keyboard(file) == layout


def test_a_host_that_names_no_keyboard(tmp_path: Path) -> None:
    assert this_host.keyboard(tmp_path / "none") == "us"
