"""Where files are: what the environment names is believed only when it can be."""

import os
from pathlib import Path

import pytest

from abcd_run import errors
from abcd_run.doctor import checks
from abcd_run.host import xdg


def test_the_session_s_folder(home: Path) -> None:
    assert xdg.runtime_dir() == home / "run"
    assert xdg.runtime_dir_problem() == ""


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o500])
def test_a_folder_that_others_may_enter_is_not_used(home: Path, mode: int) -> None:
    (home / "run").chmod(mode)
    assert xdg.runtime_dir() != home / "run"
    assert str(home / "run") in xdg.runtime_dir_problem()
    finding = next(one for one in checks.host_checks() if one.name == "XDG_RUNTIME_DIR")
    assert not finding.good
    assert finding.remedy


def test_somebody_else_s_folder_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: uid + 1)
    assert xdg.runtime_dir() is None
    assert xdg.runtime_dir_problem()


@pytest.mark.parametrize("name", ["run", "../run", "/dev/null", "/no/such/folder"])
def test_what_is_no_absolute_folder_is_not_used(
    home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "work" / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", name)
    assert xdg.runtime_dir() in (None, Path(f"/run/user/{os.getuid()}"))
    assert xdg.runtime_dir_problem()


@pytest.mark.parametrize("named", [None, "", "relative", "./x"])
def test_a_home_that_is_none(
    home: Path, named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME") if named is None else monkeypatch.setenv("HOME", named)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/too")
    row = type("Row", (), {"pw_dir": "/home/of/record"})()
    monkeypatch.setattr("pwd.getpwuid", lambda _: row)
    assert xdg.cache() == Path("/home/of/record/.cache/abcd-run")
    assert xdg.config() == Path("/home/of/record/.config/abcd-run")


def test_nobody_has_a_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(errors.UsageError) as caught:
        xdg.cache()
    assert caught.value.remedy.startswith("export HOME=")


def test_a_relative_cache_is_one_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABCD_RUN_CACHE", "here")
    assert xdg.cache() == home / "work" / "here"


def test_a_cache_that_cannot_be_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, closed = home / "file", home / "closed"
    file.write_text("")
    closed.mkdir(mode=0o500)
    for place in (file / "cache", closed / "cache"):
        monkeypatch.setenv("ABCD_RUN_CACHE", str(place))
        finding = next(one for one in checks.host_checks() if one.name == "disk")
        assert not finding.good
        assert str(place.parent) in finding.says
        assert "ABCD_RUN_CACHE" in finding.remedy
