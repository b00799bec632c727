"""What documents say of this repository is there."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["security.md", "reliability.md"])
def test_every_test_that_a_document_names_is_there(name: str) -> None:
    text = (TOP / "docs" / name).read_text()
    named = re.findall(r"`((?:unit|isolation|e2e|faults|soak)/[\w/.]*)`", text)
    assert len(named) > 3
    assert [path for path in named if not (TOP / "tests" / path).exists()] == []


@pytest.mark.parametrize("page", [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))], ids=str)
def test_every_page_that_is_linked_to_is_there(page: Path) -> None:
    linked = re.findall(r"\]\(([\w./-]+)\)", page.read_text())
    assert [link for link in linked if not (page.parent / link).exists()] == []
