"""A tree of all that a copy must keep, and what of it can be compared."""

import hashlib
import os
import stat
from pathlib import Path

Facts = dict[bytes, tuple[int, bytes, int]]

NAMES = (
    b"a b", b"-rf", b"new\nline", b"\xff\xfe", b"$(touch pwned)", b"`x`", b"'\"", b"*", b"x" * 255,
    "äöü".encode(), b"\x1b[31mred", b".hidden", b"..odd", b"back\\slash", b"a:b",
)  # fmt: skip
"""Names that a shell, a terminal or an archive could take for something else."""

DEPTH = 100


def make(top: Path) -> None:
    """Make the tree: odd names, modes, links of both kinds, depth, and folders that are closed."""
    root = os.fsencode(top)
    for number, name in enumerate(NAMES):
        _write(root + b"/" + name, b"%d\n" % number * 100, 0o640 if number % 2 else 0o755)
    _write(root + b"/empty", b"", 0o444)
    _write(root + b"/sub/large", os.urandom(300_000), 0o600)
    os.link(root + b"/a b", root + b"/sub/hard")
    for link, target in (
        ("link", "a b"), ("dangling", "nowhere"), ("to", "sub"), ("long", "x" * 200),
        ("outside", "../../etc/passwd"), ("absolute", "/etc/passwd"),
    ):  # fmt: skip
        (top / link).symlink_to(target)
    _write(root + b"/d" * DEPTH + b"/bottom", b"deep\n", 0o644)
    _write(root + b"/closed/in/file", b"kept\n", 0o400)
    (top / "closed/in").chmod(0o555)
    (top / "closed").chmod(0o511)


def _write(path: bytes, data: bytes, mode: int) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  (as bytes)
    with open(path, "wb") as file:  # noqa: PTH123  (as bytes)
        file.write(data)
    os.chmod(path, mode)  # noqa: PTH101  (as bytes)


def facts(top: Path) -> Facts:
    """Return each path below a folder with its type and mode, its sum or target, and its links."""
    facts_by_path: Facts = {}
    root = os.fsencode(top)
    for folder, folders, files in os.walk(root):
        for name in [b"", *folders, *files]:
            path = folder + (b"/" + name if name else b"")
            facts_by_path[path[len(root) :]] = _fact(path)
    return facts_by_path


def _fact(path: bytes) -> tuple[int, bytes, int]:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return stat.S_IFLNK, os.readlink(path), 1  # noqa: PTH115  (as bytes)
    if not stat.S_ISREG(status.st_mode):
        return status.st_mode, b"", 1
    with open(path, "rb") as file:  # noqa: PTH123  (as bytes)
        return status.st_mode, hashlib.file_digest(file, "sha256").digest(), status.st_nlink
