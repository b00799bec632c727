"""Random stacks of layers: the flattener against a plain extraction by the kernel."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abcd_run.errors import ArtifactError
from tests.unit.fuzzing import examples
from tests.unit.oci.listing import flat, listing
from tests.unit.oci.making import Tar, image

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@dataclass(frozen=True)
class Op:
    """One entry of a layer: what it is, where, and its content or target."""

    kind: str
    path: str
    value: str = ""


def ops() -> st.SearchStrategy[Op]:
    return st.one_of(
        st.builds(Op, st.just("file"), PATHS, st.sampled_from(["", "1", "22"])),
        st.builds(Op, st.just("dir"), PATHS),
        st.builds(Op, st.just("link"), PATHS, PATHS),
        st.builds(Op, st.just("hard"), PATHS, PATHS),
        st.builds(Op, st.just("hide"), PATHS),
        st.builds(Op, st.just("empty"), PATHS),
    )


LAYERS = st.lists(st.lists(ops(), max_size=7), min_size=1, max_size=4)


def tar_of(layer: list[Op]) -> Tar:
    tar = Tar()
    for op in layer:
        folder, slash, name = op.path.rpartition("/")
        match op.kind:
            case "file":
                tar.file(op.path, op.value.encode())
            case "dir":
                tar.folder(op.path)
            case "link":
                tar.link(op.path, op.value)
            case "hard":
                tar.hard(op.path, op.value)
            case "hide":
                tar.file(f"{folder}{slash}.wh.{name}")
            case "empty":
                tar.file(f"{op.path}/.wh..wh..opq")
    return tar


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


def parent_of(root: Path, path: str) -> Path:
    """Make an entry's parent, following links wherever they lead."""
    folder = root
    for part in path.split("/")[:-1]:
        folder = Path(os.path.realpath(folder / part))
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def behind_replaced(root: Path, folder: str, replaced: set[str]) -> bool:
    parts = folder.split("/") if folder else []
    for count in range(1, len(parts) + 1):
        name = "/".join(parts[:count])
        if (root / name).is_symlink():
            return name in replaced
    return False


def hide(root: Path, op: Op, replaced: set[str]) -> None:
    folder, _, name = op.path.rpartition("/")
    if op.kind == "empty":
        folder, name = op.path, ""
    if behind_replaced(root, folder, replaced):
        return
    real = Path(os.path.realpath(root / folder, strict=True))
    if real.is_dir():
        for path in [real / name] if name else list(real.iterdir()):
            remove(path)


def put(root: Path, op: Op) -> None:
    path = parent_of(root, op.path) / op.path.rpartition("/")[2]
    if op.kind == "dir" and path.is_dir() and not path.is_symlink():
        return
    remove(path)
    match op.kind:
        case "file":
            path.write_text(op.value)
        case "dir":
            path.mkdir()
        case "link":
            path.symlink_to(op.value)
        case "hard":
            os.link(root / op.value, path, follow_symlinks=False)


def extract(root: Path, layers: list[list[Op]]) -> None:
    for layer in layers:
        entries = [op for op in layer if op.kind not in {"hide", "empty"}]
        replaced = {op.path for op in entries if op.kind != "link"}
        for op in layer:
            if op not in entries:
                try:
                    hide(root, op, replaced)
                except (FileNotFoundError, NotADirectoryError):
                    continue
        for op in entries:
            put(root, op)


def described(root: Path) -> dict[str, tuple[object, ...]]:
    listed: dict[str, tuple[object, ...]] = {}
    groups: dict[int, list[str]] = {}
    for path in root.rglob("*"):
        status, name = path.lstat(), str(path.relative_to(root))
        groups.setdefault(status.st_ino, []).append(name)
        if stat.S_ISLNK(status.st_mode):
            listed[name] = (b"2", str(path.readlink()))
        else:
            listed[name] = (b"5", "") if path.is_dir() else (b"0", path.read_bytes())
    for group in groups.values():
        for name in group:
            listed[name] = (*listed[name], min(group))
    return listed


@pytest.mark.slow
@examples(300)
@given(LAYERS)
@example([[Op("file", "a/b"), Op("hard", "c", "a/b")], [Op("hide", "a/b"), Op("dir", "a")]])
@example([[Op("link", "a", "b"), Op("file", "b/c")], [Op("dir", "a"), Op("empty", "a")]])
def test_like_the_kernel(layers: list[list[Op]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        root.mkdir()
        try:
            extract(root, layers)
            expected = described(root)
        except OSError:
            expected = None
        try:
            with flat(image(Path(name) / "image", *map(tar_of, layers))) as tar:
                got = {path: (row[0], row[3], row[4]) for path, row in listing(tar).items()}
        except ArtifactError:
            assert expected is None
        else:
            assert got == expected
