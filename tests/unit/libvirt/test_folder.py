"""The folders of machines, and what is left of them."""

import os
from pathlib import Path

import pytest

from abcd_run.host import xdg
from abcd_run_libvirt import folder, sockets


@pytest.fixture(autouse=True)
def _session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_nobody_else_may_enter() -> None:
    with folder.made("a") as there:
        assert there.path.stat().st_mode & 0o777 == 0o700
    assert there.path.is_dir()


def test_a_failure_leaves_nothing() -> None:
    def fails() -> None:
        with folder.made("a") as there:
            there.seed.write_text("secret")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert not folder.of("a").path.exists()


def test_what_is_being_made_is_not_finished() -> None:
    with folder.made("first"):
        pass
    with folder.made("second"):
        assert [one.path.name for one in folder.finished()] == ["first"]
    assert [one.path.name for one in folder.finished()] == ["first", "second"]


def test_what_cannot_be_opened_is_left_alone() -> None:
    """Another process may still be making it."""
    home = folder.homes()[0]
    with folder.made("there") as there:
        pass
    (home / "file").touch()
    (home / "link").symlink_to(there.path)
    assert folder.finished() == [there]


def test_no_machine_ever() -> None:
    assert folder.finished() == []
    folder.of("never").remove()


def test_a_machine_that_was_begun_without_a_session_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(xdg, "SESSIONS", tmp_path / "none")
    session = tmp_path / "session"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    with folder.made("by-cron") as there:
        assert there.path == tmp_path / "cache" / "libvirt" / "by-cron"
    session.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    with folder.made("by-login") as own:
        assert own.path == session / "abcd-run" / "libvirt" / "by-login"
    assert folder.of("by-cron") == there
    assert folder.finished() == [own, there]


@pytest.mark.parametrize(
    ("variables", "folders"),
    [
        ({"XDG_RUNTIME_DIR": "OWN", "XDG_CACHE_HOME": "/c"}, ["OWN/libvirt", "/c/libvirt"]),
        ({"XDG_CACHE_HOME": "/c"}, ["USUAL/libvirt", "/c/libvirt"]),
        # What su leaves: root's, or a word that is no folder.
        ({"XDG_RUNTIME_DIR": "/proc"}, ["USUAL/libvirt", "/home/me/.cache/libvirt"]),
        ({"XDG_RUNTIME_DIR": "relative"}, ["USUAL/libvirt", "/home/me/.cache/libvirt"]),
        ({"nobody is logged in": ""}, ["/home/me/.cache/libvirt"]),
    ],
)
def test_where_libvirt_is(
    variables: dict[str, str],
    folders: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The place is the same from su, cron and a login, as long as the user is logged in."""
    usual, own = tmp_path / "run" / str(os.getuid()), tmp_path / "own"
    monkeypatch.setattr(xdg, "SESSIONS", tmp_path / "run")
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("OWN", str(own)))
    own.mkdir(mode=0o700)
    if "nobody is logged in" not in variables:
        usual.mkdir(parents=True, mode=0o700)
    names = [one.replace("OWN", str(own)).replace("USUAL", str(usual)) for one in folders]
    assert [str(one) for one in sockets.folders()] == names
