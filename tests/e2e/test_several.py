"""One image on several runtimes at once, several times, and by several processes."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from abcd_run.testing import documents
from abcd_run.testing.cli import PROGRAM, abcd_run, http_status, launch
from tests.engines_here import need

Document = dict[str, Any]
BOTH = "podman,docker"


@pytest.fixture
def started() -> Iterator[list[Document]]:
    """Collect instances, which are stopped afterwards."""
    need(*BOTH.split(","))
    instances: list[Document] = []
    yield instances
    abcd_run("stop", *(one["name"] for one in instances))


def _page(instance: Document) -> str:
    return str(instance["endpoints"][0]["url"])


def _status(instance: Document, password: str) -> int:
    return http_status(_page(instance), user="abcd", password=password)[0]


def test_six_at_once_differ(started: list[Document]) -> None:
    """Six ready, with six ports and passwords; each page takes its own password only."""
    started += launch("--on", BOTH, "--count", "3", "abcd4demo")
    assert len(started) == 6
    assert {one["stage"] for one in started} == {"ready"}
    assert sorted(one["runtime"] for one in started) == ["docker"] * 3 + ["podman"] * 3
    for key in ("name", "password", "runtime_id"):
        assert len({one[key] for one in started}) == 6
    assert len({_page(one) for one in started}) == 6
    for one in started:
        for other in started:
            assert _status(one, other["password"]) == (200 if one is other else 401)


def test_processes_at_the_same_moment(started: list[Document]) -> None:
    """Four independent launches get their own names and ports."""
    line = [PROGRAM, "--json", "--quiet", "--on", BOTH, "--count", "2", "abcd4demo"]
    processes = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [documents.read(line[1:], one.communicate(timeout=300)[0]) for one in processes]
    started += [one for document in printed for one in document["instances"]]
    assert [document["errors"] for document in printed] == [[]] * 4
    assert {one["stage"] for one in started} == {"ready"}
    assert len({one["name"] for one in started}) == 16
    assert len({_page(one) for one in started}) == 16


def test_one_failure_among_several(started: list[Document]) -> None:
    """A runtime that cannot be used fails alone: the others' instances are ready, status 1."""
    ended = abcd_run("--json", "--on", "podman", "--on", "docker,nosuch", "abcd4demo")
    assert ended.status == 2
    assert ended.json["instances"] == []

    words = ["--json", "--on", BOTH, "abcd4demo"]
    wrong = subprocess.run(
        [PROGRAM, *words],
        env={**os.environ, "DOCKER_HOST": "unix:///nonexistent/docker.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    document = documents.read(words, wrong.stdout)
    started += document["instances"]
    assert wrong.returncode == 1
    assert [one["runtime"] for one in document["instances"]] == ["podman"]
    assert [error["runtime"] for error in document["errors"]] == ["docker"]
    assert document["errors"][0]["code"] == 3
