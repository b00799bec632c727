"""Whatever a profile contains, reading it soon gives a profile or an error with a remedy."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from abcd_run.errors import AbcdRunError
from abcd_run.images.catalogue import Catalogue
from tests.unit.fuzzing import JSON, changed, examples, spots

PROFILE = {
    "summary": "it",
    "parent": "other",
    "abcdic": {"image": "r.example/it:1"},
    "abcdik": {"iso": "it.iso", "sha256": "0" * 64},
    "resources": {"memory": "1GiB", "cpus": 2, "shm": "64MiB"},
    "services": {"web": {"port": 80, "protocol": "http", "path": "/", "open": True}},
    "ready": {"service": "web", "timeout": 9},
    "verify": [
        {"name": "release", "command": ["cat", "/etc/os-release"], "expected": "why"},
        {"goss": "goss.yaml"},
        {"needle": "needle.json"},
        {"name": "base files", "differs": ["/etc/*"], "expected": "why"},
    ],
    "on": {"podman": {"init": True}, "lxd": {"config": {"security.nesting": "true"}}},
}
WORDS = st.sampled_from(
    ["[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", '"', '"""', "'", "\\u0000", "\\",
     "\r", "\0", "﻿", "parent", "it", "summary", "[abcdic]\n", "services.web.port", "1", "-",
     "1979-05-27", "inf", "nan", "0x", "[" * 2000, "a." * 2000, "true"]
)  # fmt: skip


def toml(value: Any) -> str:
    """Write a value as TOML, which has no null."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {toml(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return '""' if value is None else json.dumps(value)


def told(error: AbcdRunError) -> None:
    assert error.remedy
    assert "should not have happened" not in error.message


def read(text: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "it.toml").write_bytes(text.encode(errors="surrogatepass"))
        (folder / "other.toml").write_text('summary = "the other"\n')
        catalogue = Catalogue((folder,))
        try:
            catalogue.profile("it")
        except AbcdRunError as error:
            told(error)
        assert len(catalogue.all()) == 2


@pytest.mark.slow
@examples(200)
@given(st.sampled_from(spots(PROFILE)), JSON)
@example(("parent",), "it")
@example(("verify",), {"name": "release"})
def test_any_value(spot: tuple[Any, ...], new: Any) -> None:
    written = changed(PROFILE, spot, new)
    if not isinstance(written, dict):
        return read(toml(written))
    return read("\n".join(f"{json.dumps(key)} = {toml(item)}" for key, item in written.items()))


@examples(200)
@given(st.lists(WORDS | st.text(max_size=5), max_size=30).map("".join))
@example("a = " + "[" * 100_000)
@example("x = 1" + "0" * 5000)
def test_any_text(text: str) -> None:
    read(text)
