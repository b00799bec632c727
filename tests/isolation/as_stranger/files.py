"""Print the files that contain one of some words. Arguments: a time, the words as JSON, folders.

Only files changed since that time are read, on all file systems on disk and in memory.
"""

import json
import os
import stat
import sys
from collections.abc import Iterator

PIECE = 1 << 20


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _files(folder: str, since: float) -> Iterator[str]:
    for entry in _entries(folder):
        try:
            facts = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(facts.st_mode):
            yield from _files(entry.path, since)
        elif stat.S_ISREG(facts.st_mode) and max(facts.st_ctime, facts.st_mtime) >= since:
            yield entry.path


def _holds(path: str, words: list[bytes]) -> bool:
    overlap = max(map(len, words))
    before = b""
    try:
        with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NONBLOCK)) as file:
            while piece := file.read(PIECE):
                if any(word in before + piece for word in words):
                    return True
                before = piece[-overlap:]
    except OSError:
        return False
    return False


def main() -> None:
    since, words = float(sys.argv[1]), [word.encode() for word in json.loads(sys.argv[2])]
    seen, paths = 0, []
    for folder in sys.argv[3:]:
        for path in _files(folder, since):
            seen += 1
            if _holds(path, words):
                paths.append(path)
    json.dump({"seen": seen, "paths": paths}, sys.stdout)


main()
