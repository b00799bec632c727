"""Measure answers that need no engine, against Python doing nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.measure import NOTHING, Row, Side, compare

LINES = (["--version"], ["--help"], ["images"], ["ps"])
LIBRARIES = """
import sys
for name in ("rich", "chardet", "charset_normalizer"):
    sys.modules[name] = None
import warnings
warnings.simplefilter("ignore")
import typer.main, {sdk}
"""
"""What a launch stands on, without what it can do without: no launch can cost less."""


def rows(runs: int, scratch: Path) -> Iterator[Row]:
    """Yield each row as soon as it is measured; none of them uses an engine."""
    program = shutil.which("abcd-run") or str(Path(sys.executable).with_name("abcd-run"))
    env = without_engines(scratch / "home", Path(program).parent)
    for words in LINES:
        name = f"abcd-run {words[0]}"
        what = f"{name}, no engine" if words == ["ps"] else name
        ours = _side(name, [program, *words], env)
        yield compare(what, ours, _side("python -c pass", [*NOTHING], env), runs=4 * runs)
    for sdk in ("podman", "docker"):
        line = [sys.executable, "-c", LIBRARIES.format(sdk=sdk)]
        what = f"Typer and the SDK of {sdk}, imported"
        ours = _side(f"python -c 'import typer, {sdk}'", line, env)
        yield compare(what, ours, _side("python -c pass", [*NOTHING], env), runs=4 * runs)


def without_engines(home: Path, programs: Path) -> dict[str, str]:
    """Return the environment of a host without engines: no program, no socket."""
    home.mkdir(mode=0o700, exist_ok=True)
    places = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "LXD_DIR"), str(home))
    # If the checkout is read-only, compiled modules are kept here.
    kept = {
        name: text
        for name, text in os.environ.items()
        if name.startswith("LC_") or name == "PYTHONPYCACHEPREFIX"
    }
    return {**kept, **places, "PATH": str(programs)}


def _side(name: str, line: list[str], env: dict[str, str]) -> Side:
    return Side(name, partial(subprocess.run, line, check=True, capture_output=True, env=env))
