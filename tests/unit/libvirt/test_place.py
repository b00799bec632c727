"""The folders of machines, and what is left of them."""

from pathlib import Path

import pytest

from abcd_run_libvirt import place


@pytest.fixture(autouse=True)
def _session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_nobody_else_may_enter() -> None:
    with place.made("a") as there:
        assert there.folder.stat().st_mode & 0o777 == 0o700
    assert there.folder.is_dir()


def test_a_failure_leaves_nothing() -> None:
    def fails() -> None:
        with place.made("a") as there:
            there.seed.write_text("secret")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert not place.place("a").folder.exists()


def test_what_is_being_made_is_not_finished() -> None:
    with place.made("first"):
        pass
    with place.made("second"):
        assert [one.folder.name for one in place.finished()] == ["first"]
    assert [one.folder.name for one in place.finished()] == ["first", "second"]


def test_no_machine_ever() -> None:
    assert place.finished() == []
    place.place("never").remove()


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/7", "XDG_CACHE_HOME": "/c"}, "/run/user/7/libvirt"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/libvirt"),
        ({"HOME": "/home/me"}, "/home/me/.cache/libvirt"),
    ],
)
def test_where_libvirt_is(
    variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a session without a folder of its own it is in the cache, also where /run/user has one."""
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert place.daemon() == Path(folder)
