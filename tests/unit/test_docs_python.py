"""The examples of docs/python.md do what they say."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run import session
from abcd_run.testing.fake import FakeEngine
from tests.unit.conftest import WEB

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example(
    number: int,
    engines: Callable[..., list[FakeEngine]],
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Names of the first one are known to all; the image's page is the fake's."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # for `id`
    write("abcd4demo", f"homedir = '/home/abcd'\n{WEB}")
    podman, docker = engines("podman", "docker")
    names: dict[str, object] = {}
    exec("from abcd_run import Session", names)
    exec(compile(EXAMPLES[number], f"example {number}", "exec"), names)
    assert podman.held == docker.held == {}
    capfd.readouterr()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


def test_every_public_name_is_documented() -> None:
    known = {*session.__all__} - {"Fits", "Image", "PulledImage", "Publish"}  # parts of others
    methods = {name for name in dir(session.Session) if not name.startswith("_")} - {"close"}
    named = set(re.findall(r"`(\w+)", PAGE)) | set(re.findall(r"lab\.(\w+)", PAGE))
    assert known | methods <= named
