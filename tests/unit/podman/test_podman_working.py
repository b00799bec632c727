"""Working containers of our finished builds are removed; all others stay."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.host import scratch
from abcd_run_podman import working

Removed = list[str]


@pytest.fixture
def store(home: Path) -> Path:
    """Podman's store, and a podman that records what it is told to remove."""
    program = home / "bin" / "podman"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = info ] && echo "{home}/store"\n'
        f'[ "$1" = rm ] && shift 2 && echo "$@" >>"{home}/removed"\nexit 0\n'
    )
    program.chmod(0o755)
    return home / "store"


@pytest.fixture
def removed(home: Path) -> Callable[[], Removed]:
    def read() -> Removed:
        file = home / "removed"
        return file.read_text().split() if file.exists() else []

    return read


def container(store: Path, name: str, notes: object) -> None:
    file = store / "overlay-containers" / name / "userdata" / "buildah.json"
    file.parent.mkdir(parents=True)
    file.write_text(notes if isinstance(notes, str) else json.dumps(notes))


def options(context: Path) -> dict[str, object]:
    mark = working.NAME + str(context).encode().hex()
    return {"CommonBuildOpts": {"AddHost": [f"{mark}:127.0.0.1"]}}


def test_only_those_whose_build_has_ended_go(
    store: Path, removed: Callable[[], Removed], tmp_path: Path
) -> None:
    container(store, "others", {"CommonBuildOpts": {"AddHost": ["host:10.0.0.1"]}})
    container(store, "none", {"CommonBuildOpts": None})
    for number, text in enumerate(["", "[]", "garbage", '{"CommonBuildOpts": 5}']):
        container(store, f"spoilt{number}", text)
    container(store, "dead", options(tmp_path / "build-x" / "web" / "base"))
    with scratch.held(tmp_path, "build-") as folder:
        container(store, "busy", options(folder / "web" / "base"))
        working.discard_abandoned()
        assert removed() == ["dead"]


def test_a_build_that_fails_takes_its_own_along(
    store: Path, removed: Callable[[], Removed], tmp_path: Path
) -> None:
    with scratch.held(tmp_path, "build-") as folder:

        def interrupted() -> None:
            with working.tidied(folder / "web" / "base") as given:
                container(store, "mine", options(folder / "web" / "base"))
                assert given[0] == "--add-host"
                raise KeyboardInterrupt

        container(store, "beside", options(folder / "web" / "abcdic"))
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert removed() == ["mine"]
