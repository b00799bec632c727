"""Every port of an instance requires authentication."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from abcd_run.testing.cli import http_status
from tests.isolation.conftest import RUNTIMES, Document, Lab
from tests.isolation.stranger import Stranger

LOOPBACK = ("127.0.0.1", "::ffff:127.0.0.1", "::1")
REFUSED = 0
AT_ONCE = 12
GUESSING_SECONDS = 8
OFTEN = ("podman", "libvirt")


def _port(instance: Document, service: str) -> int:
    (url,) = (one["url"] for one in instance["endpoints"] if one["service"] == service)
    return urlsplit(str(url)).port or 0


def _asked(stranger: Stranger, *questions: tuple[str, str, str]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads(
        stranger.python("web", json.dumps(list(questions))).out
    )
    return answers


def test_the_page_wants_the_password(instance: Document, stranger: Stranger) -> None:
    """Under any loopback name, without a password or with a wrong one, and for every path."""
    page = f"http://127.0.0.1:{_port(instance, 'web')}"
    logins = ("", "abcd:", "abcd:wrong")
    asked = [(page + "/", to, who) for to in LOOPBACK for who in logins]
    paths = ("/status.json", "/cgi-bin/index.cgi", "/../../run/abcd/seed", "/%2e%2e/")
    asked += [(page + path, "127.0.0.1", "") for path in paths]
    for question, answer in zip(asked, _asked(stranger, *asked), strict=True):
        assert answer["status"] in {REFUSED, 400, 401, 429}, question
        assert instance["password"] not in answer["text"]
    assert http_status(page, user="abcd", password=instance["password"])[0] == 200


def test_ssh_wants_the_key(instance: Document, stranger: Stranger) -> None:
    """No password is accepted, so none can be guessed."""
    (endpoint,) = (one for one in instance["endpoints"] if one["protocol"] == "ssh")
    port = str(urlsplit(endpoint["url"]).port)
    for who in ("abcd", "root"):
        ended = stranger.run(
            "ssh", "-F", "none", "-p", port, "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "PreferredAuthentications=none,password,keyboard-interactive,publickey",
            f"{who}@127.0.0.1", "true",
        )  # fmt: skip
        assert ended.status == 255, ended.out
        assert "Permission denied (publickey)." in ended.err


@pytest.mark.parametrize(
    "instance",
    # The page is the same in all; a machine's is behind another relay than a container's.
    [pytest.param(name, marks=() if name in OFTEN else pytest.mark.soak) for name in RUNTIMES],
    indirect=True,
)
def test_guessing_is_slow(instance: Document, stranger: Stranger) -> None:
    """Guesses get about six answers a second, however many run; later the page works as before.

    Some more come through at first, before the page is told to stand still: it does so for longer.
    """
    page = f"http://127.0.0.1:{_port(instance, 'web')}/"
    told = json.loads(stranger.python("guesses", page, str(GUESSING_SECONDS), str(AT_ONCE)).out)
    assert set(told["answers"]) <= {REFUSED, 401, 429}
    refused = told["answers"].count(401)
    assert refused <= 6 * (told["seconds"] + 1) + 2 * AT_ONCE, told
    assert http_status(page, user="abcd", password=instance["password"])[0] == 200


def test_no_other_port(lab: Lab, stranger: Stranger) -> None:
    """Listeners that appeared since the launch give nothing away without a password."""
    known = {
        urlsplit(endpoint["url"]).port
        for one in lab.instances.values()
        for endpoint in one["endpoints"]
    }
    listening = json.loads(stranger.python("ports").out)
    assert known - {None} <= set(listening)
    since = sorted(set(listening) - lab.listened)
    said = json.loads(stranger.python("ports", json.dumps(since)).out)
    still = set(json.loads(stranger.python("ports").out))
    for port, greetings in said.items():
        if int(port) not in still:
            continue
        for greeting in filter(None, greetings.values()):
            assert not greeting.startswith("RFB"), f"port {port} is a screen: {greeting}"
            if greeting.startswith("HTTP/"):
                assert greeting.split()[1] in {"400", "401", "403", "404", "405"}, (port, greeting)


@pytest.mark.usefixtures("stranger")
def test_no_screen_has_a_port(lab: Lab) -> None:
    """SPICE and VNC do not authenticate users: their sockets are in a private folder."""
    screens = [
        endpoint["url"]
        for one in lab.instances.values()
        for endpoint in one["endpoints"]
        if endpoint["protocol"] in {"spice", "vnc"}
    ]
    assert [url for url in screens if "+unix://" not in url] == []
