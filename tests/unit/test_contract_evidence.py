"""What the contract suite reads of limits: by cgroups of both versions, inside and on the host."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from abcd_run.testing.contract import evidence
from abcd_run.testing.contract.watching import Watch


@pytest.mark.parametrize(
    ("printed", "limits"),
    [
        ("1000\n", [1000]),
        ("max\n4096\n", [4096]),
        ("50000 100000\n", [0.5]),
        ("max 100000\n2\n", [2]),
        ("-1 100000\n", []),
        (" \n", []),
        ("", []),
    ],
)
def test_no_limit_is_left_out(printed: str, limits: list[float]) -> None:
    assert evidence.numbers(printed) == limits


def test_limits_of_parents_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "CGROUPS", tmp_path)
    own = psutil.Process()
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _number, kinds, path = line.split(":", 2)
        (tmp_path / kinds / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for name, text in (("memory.max", "4096"), ("cpu.max", "50000 100000")):
            (tmp_path / kinds / name).write_text(text)
    assert min(evidence.memory_of(own)) == 4096
    assert min(evidence.cpus_of(own)) == 0.5


def test_scripts_print_numbers_on_any_host() -> None:
    for script in (evidence.MEMORY, evidence.CPUS):
        ended = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
        assert evidence.numbers(ended.stdout)


def test_a_command_of_a_moment_is_seen() -> None:
    secret = f"secret-{os.urandom(8).hex()}"
    with Watch(secret) as watch:
        subprocess.run(["sh", "-c", "sleep 0.1", "sh", secret], check=True)
    assert ("sh", "-c", "sleep 0.1", "sh", secret) in watch.seen
