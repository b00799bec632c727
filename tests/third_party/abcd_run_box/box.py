"""A box for one instance: the user's own Linux namespaces, and a folder that describes it.

The folder is named after the instance. It holds `spec.json`, the plan; `started.json`, the process
and ports; and `log`, the output. Root inside is the launching user.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from abcd_run.errors import LaunchFailed, NameTaken, PortTaken
from abcd_run.host import xdg
from abcd_run_box import inside

NEW = ["unshare", "--user", "--map-root-user", "--mount", "--uts", "--pid", "--fork"]
ENTER = ["nsenter", "--user", "--preserve-credentials", "--mount", "--uts", "--pid"]
PERSON = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
RUN = 'cd /; . /run/abcd/environment; exec "$@"'
START_SECONDS, END_SECONDS = 10.0, 10.0
LOOK_SECONDS = 0.01

Spec = dict[str, Any]


def root() -> Path:
    """Return the folder of all boxes."""
    return xdg.cache() / "boxes"


def problem() -> str:
    """Return why the user cannot have a box on this host; empty if they can."""
    line = [*NEW, "mount", "-t", "proc", "proc", "/proc"]
    return subprocess.run(line, check=False, capture_output=True, text=True).stderr.strip()


def make(spec: Spec) -> None:
    """Make a box that does not run yet. Raises `NameTaken`."""
    root().mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=root(), prefix="."))
    (part / "spec.json").write_text(json.dumps(spec))
    try:
        part.rename(root() / spec["name"])
    except OSError as error:
        shutil.rmtree(part)
        raise NameTaken(f"there is a {spec['name']} already") from error


def start(name: str) -> None:
    """Start a box, and return when it listens. Raises `PortTaken` or `LaunchFailed`."""
    folder = root() / name
    spec = read(folder / "spec.json")
    (folder / "ports.json").unlink(missing_ok=True)  # of a start before: it has other ports now
    line = [*NEW, *_limits(spec), sys.executable, inside.__file__, str(folder)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "ports.json").exists():
        if process.poll() == inside.NO_PORT:
            raise PortTaken("the port is somebody else's", remedy="choose another --publish")
        if process.poll() is not None or time.monotonic() > deadline:
            raise LaunchFailed(f"{name} does not start", details=(folder / "log").read_text())
        time.sleep(LOOK_SECONDS)
    (first,) = psutil.Process(process.pid).children()
    facts = {"pid": first.pid, "ports": read(folder / "ports.json")}
    (folder / "started.part").write_text(json.dumps(facts))
    (folder / "started.part").rename(folder / "started.json")


def _limits(spec: Spec) -> list[str]:
    """Return the words that precede a command to limit it and its children."""
    words = []
    if spec["memory"]:
        words += ["prlimit", f"--as={spec['memory']}"]
    if spec["cpus"]:
        have = sorted(os.sched_getaffinity(0))[: math.ceil(spec["cpus"])]
        words += ["taskset", "--cpu-list", ",".join(map(str, have))]
    return words


def read(file: Path) -> Any:
    """Return a file's content; empty if it does not exist."""
    try:
        return json.loads(file.read_text())
    except OSError:
        return {}


def running(name: str) -> int:
    """Return the first process of a box; 0 if it is not running."""
    pid = int(read(root() / name / "started.json").get("pid", 0))
    with suppress(psutil.Error):
        if pid and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            return pid
    return 0


def command(name: str, words: Sequence[str], *, user: str) -> list[str]:
    """Return the line that runs a command in a box."""
    who = [] if user == "root" else PERSON
    spec = read(root() / name / "spec.json")
    shell = ["sh", "-c", RUN, "sh", *(words or ["sh"])]
    return [*ENTER, f"--target={running(name)}", "--", *_limits(spec), *who, *shell]


def remove(name: str) -> None:
    """End everything in a box and remove it; no-op if it is gone."""
    deadline = time.monotonic() + END_SECONDS
    while (left := list(_processes(name))) and time.monotonic() < deadline:
        for process in left:
            with suppress(psutil.Error):  # it has ended meanwhile
                process.kill()  # of the first inside the kernel ends all others, too
        psutil.wait_procs(left, LOOK_SECONDS)
    shutil.rmtree(root() / name, ignore_errors=True)


def _processes(name: str) -> Iterator[psutil.Process]:
    """Yield what was started for a box, even if it was never recorded."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[-2:] == [inside.__file__, str(root() / name)]:
                yield process


if __name__ == "__main__":  # what a person types: the plan on standard input
    planned = json.load(sys.stdin)
    make(planned)
    start(planned["name"])
