"""A runtime refuses a plan before anything is fetched or built for it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from abcd_run.errors import UsageError
from abcd_run.model import Format, Plan
from abcd_run.testing.fake import FakeEngine
from tests.unit.conftest import Run, Write

LAUNCHES = [(), ("--dry-run",), ("--count", "3"), ("--no-wait", "--pull", "always")]


class Site(BaseHTTPRequestHandler):
    """A server that has nothing and counts its requests."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def asked(write: Write) -> Iterator[list[str]]:
    """The requests to the server that has the ISO of the image `published`."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Counting", (Site,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    write("published", f'[abcdik]\niso = "http://127.0.0.1:{server.server_port}/live.iso"')
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def refuse(plan: Plan) -> None:
    raise UsageError(f"{plan.image} is not to my liking", remedy="another runtime")


@pytest.mark.parametrize("options", LAUNCHES)
def test_what_is_refused_is_not_fetched(
    options: tuple[str, ...], engine: FakeEngine, asked: list[str], run: Run
) -> None:
    engine.accepts, engine.refuses = (Format.ISO,), refuse
    ended = run("--json", *options, "published")
    assert ended.status == 2, ended.err
    errors = ended.json["errors"]
    assert errors[0]["message"] == "published is not to my liking"
    assert (errors[0]["runtime"], errors[0]["name"]) == ("fake", "published-fake-1")
    count = 3 if "--count" in options else 1
    assert [one["name"] for one in errors] == [f"published-fake-{n + 1}" for n in range(count)]
    assert engine.calls.count("check") == 1
    assert asked == []
    assert {"provide", "create", "start"}.isdisjoint(engine.calls)


def test_what_is_not_refused_is(engine: FakeEngine, asked: list[str], run: Run) -> None:
    engine.accepts = (Format.ISO,)
    assert run("published").status == 4
    assert asked


def test_nothing_is_built_for_a_launch_that_is_refused(
    engine: FakeEngine, write: Write, run: Run, home: Path
) -> None:
    folder = write("own", "[abcdic]").parent / "own" / "abcdic"
    folder.mkdir(parents=True)
    (folder / "prepare").write_text(f"#!/bin/sh\ntouch {home}/prepared\n")
    (folder / "prepare").chmod(0o755)
    engine.refuses = refuse
    assert run("own").status == 2
    assert not (home / "prepared").exists()


def test_one_that_refuses_stops_no_other(engines: Any, web: Path, run: Run) -> None:
    _, two = engines("one", "two")
    two.refuses = refuse
    ended = run("--json", "--on", "one,two", "web")
    assert ended.status == 1
    assert [one["runtime"] for one in ended.json["instances"]] == ["one"]
    assert [one["runtime"] for one in ended.json["errors"]] == ["two"]


def test_a_bug_in_a_check_is_told_as_one(engine: FakeEngine, web: Path, run: Run) -> None:
    def broken(_plan: Plan) -> None:
        raise KeyError("oops")

    engine.refuses = broken
    ended = run("--json", "web")
    assert ended.status == 5
    assert "KeyError: 'oops'" in ended.json["errors"][0]["details"]
    assert "create" not in engine.calls
