"""The results as Markdown: medians with their range, and ratios."""

import platform
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime

import psutil

from tests.bench.measure import Row

HEAD = """# Benchmarks

Measured by `make bench` on {when}: {where}.

Each row runs ours and the native command in turn, once to warm up and then as often as the column
says. Times are whole commands in seconds: median (minimum to maximum). The ratio is ours by theirs:
below 1 ours is quicker. The last column is the difference in starts of a Python that does nothing,
timed in the same turns. The machine is shared: trust the ratios, not the seconds. What bounds them
stands in [costs.md](costs.md).

{versions}

| what | ours | native | runs | ours, s | native, s | ratio | difference | Pythons |
|---|---|---|---|---|---|---|---|---|
"""
PROGRAMS = {
    "abcd-run": ["abcd-run", "--version"],
    "podman": ["podman", "--version"],
    "docker": ["docker", "--version"],
    "python": ["python", "--version"],
    "lxd": ["lxd", "--version"],
    "libvirt": ["virsh", "--version"],
    "umoci": ["umoci", "--version"],
    "vagrant": ["vagrant", "--version"],
    "distrobox": ["distrobox", "--version"],
    "kubectl": ["kubectl", "version", "--client", "--short"],
}


def document(rows: Sequence[Row]) -> str:
    """Return the whole page."""
    memory = psutil.virtual_memory().total >> 30
    where = (
        f"{psutil.cpu_count()} cores, {memory} GiB, Linux {_kernel()}, "
        f"{platform.freedesktop_os_release()['PRETTY_NAME']}"
    )
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    head = HEAD.format(when=when, where=where, versions=_versions())
    return head + "".join(line(row) + "\n" for row in rows)


def line(row: Row) -> str:
    """Return a row of the table."""
    cells = (
        row.what,
        f"`{row.ours}`",
        f"`{row.theirs}`",
        str(len(row.our_times)),
        _times(row.our_times),
        _times(row.their_times),
        f"{row.ratio:.2f}",
        f"{row.difference:+.2f} s",
        f"{row.pythons:+.1f}",
    )
    return f"| {' | '.join(cells)} |"


def _times(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.3f} ({min(times):.3f} to {max(times):.3f})"


def _kernel() -> str:
    return platform.release().partition("-")[0]


def _versions() -> str:
    versions = []
    for name, command in PROGRAMS.items():
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            versions.append(f"{name}: not installed")
            continue
        versions.append(f"{name}: {ended.stdout.strip().splitlines()[-1]}")
    return "\n".join(f"- {one}" for one in versions)
