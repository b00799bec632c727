"""Socket ownership from the kernel, against another user who knows every address.

The stranger is a process with one of our subordinate uids, which is another user to the kernel.
This needs neither an engine nor root.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps
from urllib.parse import urlsplit

import pytest

from abcd_run.host import sockets, this_host
from abcd_run.launch import listener, readiness
from abcd_run.model import Instance, Stage
from abcd_run.testing import documents
from abcd_run.testing.cli import PROGRAM
from abcd_run.viewing import handover

SECONDS = 30
URL = "http://abcd:secret@127.0.0.1:8080/"
PLACES = ("127.0.0.1", "::ffff:127.0.0.1", "::1")

STRANGER = [
    "unshare", "--user", "--map-auto", "--map-root-user", "--",
    "setpriv", "--reuid", "1", "--regid", "1", "--clear-groups", "--",
]  # fmt: skip

ASK = """
import sys
from http.client import HTTPConnection, HTTPException
place, port, path, host = sys.argv[1:]
asking = HTTPConnection(place, int(port), timeout=20)
try:
    asking.request("GET", path, headers={"Host": host})
    answer = asking.getresponse()
    print(answer.status, answer.headers["Location"] or answer.read().decode())
except (OSError, HTTPException) as error:
    print("nothing")
"""

LISTEN = """
import socket
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    listening.settimeout(20)
    connection, _ = listening.accept()
    print(repr(connection.recv(4096)), flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def stranger() -> None:
    """Skip if there can be no second user."""
    if not sockets.IS_TOLD or not shutil.which("newuidmap"):
        why = "there are no subordinate uids here: sudo apt install uidmap"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    said = subprocess.run([*STRANGER, "true"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def ask(url: str, place: str, *, who: tuple[str, ...] = ()) -> str:
    parts = urlsplit(url)
    words = [place, str(parts.port), parts.path, parts.netloc]
    line = [*who, sys.executable, "-I", "-c", ASK, *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout


@contextmanager
def wall() -> Iterator[str]:
    with subprocess.Popen([PROGRAM, "wall", "--json"], stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout
        try:
            yield str(
                documents.read(["wall"], "".join(iter(served.stdout.readline, "}\n")) + "}")["url"]
            )
        finally:
            served.send_signal(signal.SIGINT)
        assert served.wait(SECONDS) == 0


@pytest.mark.parametrize("place", PLACES)
def test_the_wall(place: str) -> None:
    with wall() as url:
        for below in ("", "instances.json", "tab/one", "socket/one"):
            assert ask(url + below, place, who=tuple(STRANGER)) == "nothing\n"
        mine = ask(url + "instances.json", place)
    assert mine.startswith('200 {"instances"') or (place == "::1" and mine == "nothing\n")


@pytest.mark.parametrize("place", PLACES)
def test_the_one_look(place: str) -> None:
    with handover.one_look(URL) as look:
        assert ask(look.address, place, who=tuple(STRANGER)) == "nothing\n"
        assert not look.fetched.is_set()
        assert ask(look.address, "127.0.0.1") == f"302 {URL}\n"


def test_a_port_of_an_instance() -> None:
    """A stranger listens where an instance's port was: the password is not sent."""
    facts = {"user": "abcd", "services": [{"name": "web", "port": 80, "protocol": "http"}]}
    line = [*STRANGER, sys.executable, "-I", "-c", LISTEN]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout
        port = int(listening.stdout.readline())
        uid = sockets.listener(("127.0.0.1", port))
        assert uid not in (None, 0, this_host.user())
        instance = Instance(
            "one", "fake", "1", {"abcd-run.profile": dumps(facts)}, running=True,
            ports={80: ("127.0.0.1", port)}, password="secret",
        )  # fmt: skip
        assert listener.stranger(instance, ("127.0.0.1", port)) == f"uid {uid} of this host"
        answer = readiness.look(instance)
        assert answer.stage is Stage.RUNNING
        assert f"uid {uid}" in answer.seen
        assert listening.stdout.readline() == "b''\n"
