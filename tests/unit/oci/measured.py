"""Run something in a separate process, and report how much time and memory it took."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
LIMIT_SECONDS = 60  # wall-clock time; the test's bound is processor time
LIMIT_BYTES = 3 << 30  # of address space, so that a failure does not take down the machine

CHILD = """
import json, sys, time
from pathlib import Path
from abcd_run.errors import ArtifactError
from abcd_run.oci.lxd import stream_lxd_image
from abcd_run.oci.reader import open_image
from abcd_run.oci.rootfs import scan
from abcd_run.oci.store import Store

def opened(path):
    open_image(path)

def streamed(path):
    for _ in scan(open_image(path)).tar("rootfs/"):
        pass

def converted(path):
    for _ in stream_lxd_image(open_image(path)):
        pass

def stored(path):
    Store(path.parent / "store").add(path, "it")

def collected(path):
    Store(path).collect()

said = ""
try:
    globals()[sys.argv[1]](Path(sys.argv[2]))
except ArtifactError as error:
    said = f"{error.message}\\n{error.details}\\n→ {error.remedy}"
words = Path("/proc/self/status").read_text().split()
print(json.dumps([said, int(words[words.index("VmHWM:") + 1]) * 1024, time.process_time()]))
"""


@dataclass(frozen=True)
class Measured:
    """What a child process said, and the resources it used."""

    said: str
    seconds: float
    peak: int


def measured(what: str, path: Path, *, seconds: float = 10, memory: int = 512 * MIB) -> Measured:
    """Run it, and fail if it takes more than it may.

    The seconds are processor time, since the machine may be busy.
    """
    child = subprocess.run(
        [sys.executable, "-c", CHILD, what, str(path)],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        preexec_fn=_limit,
    )
    assert child.returncode == 0, child.stderr
    said, peak, took = json.loads(child.stdout)
    assert peak < memory, f"{peak / MIB:.0f} MiB"
    assert took < seconds, f"{took:.1f} s"
    return Measured(said, took, peak)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
