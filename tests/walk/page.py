"""The commands of a page: its indented blocks, and the rows of its tables."""

import re
from pathlib import Path

BLOCK = re.compile(r"(?:^ {4}.*\n|^\n(?= {4}))+", re.MULTILINE)
"""Lines that are indented by four; empty ones between them belong to the block."""

ROW = re.compile(r"^\| (?P<wanted>[^|]+) \| (?P<typed>.+) \|$", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")


def section(page: Path, heading: str) -> str:
    """Return what stands below a heading of the second order."""
    _, _, below = page.read_text().partition(f"\n## {heading}\n")
    assert below, f"{page.name} has no section {heading!r}"
    return below.partition("\n## ")[0]


def headings(page: Path) -> list[str]:
    """Return all headings of the second order."""
    return re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)


def blocks(text: str) -> list[str]:
    """Return the indented blocks, as a person would paste them."""
    return [re.sub("^ {4}", "", one[0], flags=re.MULTILINE) for one in BLOCK.finditer(text)]


def rows(text: str) -> list[str]:
    """Return the commands in a table's second column; only the first of a row has `abcd-run`."""
    spans = [span for row in ROW.finditer(text) for span in SPAN.findall(row["typed"])]
    return [span if span.startswith("abcd-run ") else f"abcd-run {span}" for span in spans]
