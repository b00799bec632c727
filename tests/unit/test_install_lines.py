"""What a person is told to type, on each system."""

import sys

import pytest

from abcd_run.host import install


@pytest.mark.parametrize(
    ("system", "skopeo", "other", "unknown"),
    [
        ("linux", "sudo apt install skopeo", "sudo apt install xyz", "apt-cache search xyz"),
        ("darwin", "brew install skopeo", "brew search xyz", "brew search xyz"),
        ("win32", "winget search skopeo", "winget search xyz", "winget search xyz"),
    ],
)
def test_it_is_the_systems_own_words(
    system: str, skopeo: str, other: str, unknown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert install.line("skopeo") == skopeo
    assert install.line("xyz") == other
    assert install.search("xyz") == unknown
