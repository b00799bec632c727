"""Whether the reason for the cap on Typer still holds: the newest one, beside ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LINE = """
import sys
from abcd_run.__main__ import main
sys.argv = ["abcd-run", "ps", "--help"]
status = main()
import typer
print(typer.__version__, typer.__file__, "pydantic" in sys.modules)
sys.exit(status)
"""


def test_a_newer_typer_still_needs_pydantic_for_each_command(tmp_path: Path) -> None:
    """If this fails, the reason is gone: lift the cap in pyproject.toml."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tmp_path)]
    fetched = subprocess.run([*pip, "typer>=0.29"], capture_output=True, text=True, check=False)
    if fetched.returncode:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(f"the newest Typer cannot be fetched: {fetched.stderr.strip()[-200:]}")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    line = [sys.executable, "-c", LINE]
    ended = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    version, place, needs_pydantic = ended.stdout.splitlines()[-1].split()
    assert place.startswith(str(tmp_path))
    assert needs_pydantic == "True", f"typer {version} is quick again"
