"""A page of the runtime `browser`, and another user who knows its address and even its password."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator

import pytest

from abcd_run.testing.cli import abcd_run, http_status
from tests.engines_here import need
from tests.isolation.conftest import IMAGE, Document
from tests.isolation.stranger import Stranger
from tests.isolation.test_files import holding
from tests.isolation.test_loopback import answers_to

SECONDS = 600
PATHS = ("/", "/machine.json", "/channel/work", "/channel/told", "/page/main.js", "/nothing")

pytestmark = pytest.mark.timeout(SECONDS)


@pytest.fixture(scope="module")
def began() -> float:
    """The time before the launch."""
    return time.time()


@pytest.fixture(scope="module")
def served(began: float) -> Iterator[Document]:
    """A page that is served, and that nobody has opened."""
    need("browser")
    ended = abcd_run("--json", "--on", "browser", IMAGE, within=SECONDS)
    assert ended.status == 0, ended.err
    (instance,) = ended.json["instances"]
    yield instance
    assert abcd_run("stop", instance["name"]).status == 0


def _url(instance: Document) -> str:
    return str(instance["endpoints"][0]["url"])


def test_nobody_else_gets_an_answer(served: Document, stranger: Stranger) -> None:
    """Not a byte comes back, for the page, its channel or anything else, under any name."""
    logins = ("", "abcd:wrong", f"abcd:{served['password']}")
    answers = [
        answer
        for path in PATHS
        for login in logins
        for answer in answers_to(stranger, _url(served).rstrip("/") + path, login)
    ]
    assert {answer["status"] for answer in answers} == {0}
    assert http_status(_url(served), user="abcd", password=served["password"])[0] == 200


def test_no_file_tells_its_password(served: Document, began: float, stranger: Stranger) -> None:
    login = b64encode(f"abcd:{served['password']}".encode()).decode()
    assert holding(stranger, began, [served["password"], login]) == []


def test_no_process_tells_its_password(stranger: Stranger) -> None:
    """Nor does the launch, from its beginning to its end."""
    need("browser")
    with stranger.watching() as watch:
        ended = abcd_run("--json", "--on", "browser", IMAGE, within=SECONDS)
        assert ended.status == 0, ended.err
        (instance,) = ended.json["instances"]
        assert abcd_run("stop", instance["name"]).status == 0
        seen = json.loads(watch.end().out.partition("\n")[2])
    assert any("abcd_run_browser.server" in line for line in seen["arguments"])
    told = [*seen["arguments"], *seen["environments"]]
    assert [line for line in told if instance["password"] in line] == []
