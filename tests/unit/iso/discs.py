"""ISOs as pycdlib writes them, intact or damaged, and what we do with a stranger's ISO."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from pycdlib import PyCdlib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BLOCK = 2048
MENU = b"""\
menuentry 'one' {
    linux ($root)/boot/kernel cdroot quiet
    initrd ($root)/boot/initrd
}
"""
FILES = {"/boot/grub2/grub.cfg": MENU, "/boot/kernel": b"k" * 5000, "/boot/initrd": b"i" * 5000}

READ = """
import json, sys
from pathlib import Path
from abcd_run.errors import ArtifactError
from abcd_run.iso.direct import direct_boot
from abcd_run.iso.install import auto_install
iso, folder = map(Path, sys.argv[1:])
said = []
for ask in (lambda: auto_install(iso), lambda: str(direct_boot(iso, folder).kernel)):
    try:
        said.append(ask())
    except ArtifactError as error:
        said.append(f"refused: {error.message}: {error.details}")
# Not getrusage's: that remembers the process which has started this one.
words = Path("/proc/self/status").read_text().split()
print(json.dumps([said, int(words[words.index("VmHWM:") + 1]) * 1024]))
"""


def disc(path: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """Write an ISO with these files; their names may be as long as Linux allows."""
    iso = PyCdlib()
    iso.new(interchange_level=4, rock_ridge="1.09", vol_ident="COS_LIVE")
    folders: dict[str, str] = {"": ""}
    for number, (name, content) in enumerate(files.items()):
        parent = ""
        for word in name.split("/")[1:-1]:
            below = f"{parent}/{word}"
            if below not in folders:
                folders[below] = f"{folders[parent]}/D{len(folders)}"
                iso.add_directory(folders[below], rr_name=word)
            parent = below
        place = f"{folders[parent]}/F{number}.;1"
        iso.add_fp(io.BytesIO(content), len(content), place, rr_name=name.rpartition("/")[2])
    iso.write(str(path))
    iso.close()
    return path


def read_by_child(iso: Path, folder: Path) -> tuple[list[str | None], int, float]:
    """Return what a process said about an ISO, its peak memory in bytes, and its seconds."""
    begun = time.monotonic()
    line = [sys.executable, "-c", READ, str(iso), str(folder)]
    ended = subprocess.run(line, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    said, peak = json.loads(ended.stdout)
    return said, peak, time.monotonic() - begun
