"""Print the Unix sockets that answer, among all that the kernel lists or some folders contain."""

import json
import os
import socket
import stat
import sys


def _listed() -> set[str]:
    """Return the sockets with a listener; an abstract name begins with @."""
    with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as table:
        rows = [line.rstrip("\n").split(" ", 7) for line in table][1:]
    accepts = 0x10000
    words = [line.split() for line in map(" ".join, rows)]
    return {row[7] for row in words if len(row) > 7 and int(row[3], 16) & accepts}


def _below(folder: str) -> set[str]:
    paths = set()
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                if stat.S_ISSOCK(os.lstat(path).st_mode):
                    paths.add(path)
            except OSError:
                continue
    return paths


def _answers(path: str) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as connection:
            connection.settimeout(2)
            try:
                connection.connect(f"\0{path[1:]}" if path.startswith("@") else path)
            except OSError:
                continue
            return True
    return False


def main() -> None:
    paths = _listed()
    for folder in sys.argv[1:]:
        paths |= _below(folder)
    json.dump({"seen": sorted(paths), "answer": sorted(filter(_answers, paths))}, sys.stdout)


main()
