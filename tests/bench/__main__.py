"""`make bench`: measure, report each row on standard error, print the page.

    python -m tests.bench [--runs N] [GROUP…]

A group is one of start, launches, answers, lxd, iso, boot, tab, cluster, costs; the default is all
of them.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.bench import boot, cases, cluster, iso, lxd, start, tab, table
from tests.bench.measure import Row

Group = Callable[[int, Path], Iterator[Row]]

GROUPS: Mapping[str, Group] = {
    "start": start.rows,
    "launches": lambda runs, _: cases.launches(runs),
    "answers": lambda runs, _: cases.answers(4 * runs),
    "lxd": lxd.rows,
    "iso": iso.rows,
    "boot": boot.rows,
    "tab": tab.rows,
    "cluster": lambda runs, _: cluster.rows(runs),
    "costs": cluster.costs,
}

NO_ENGINE = {"start", "tab", "costs", "cluster"}
"""The groups that need no podman and no docker."""


def main() -> None:
    """Measure the rows of some groups and print the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS])
    options = parser.parse_args()
    if not set(options.groups) <= NO_ENGINE or not options.groups:
        subprocess.run(["abcd-run", "-q", "pull", "--on", "podman,docker", cases.IMAGE], check=True)
    measured = []
    with tempfile.TemporaryDirectory(prefix="abcd-run-bench-") as scratch:
        for name in options.groups or GROUPS:
            for row in GROUPS[name](options.runs, Path(scratch)):
                sys.stderr.write(table.line(row) + "\n")
                measured.append(row)
    sys.stdout.write(table.document(measured))


main()
