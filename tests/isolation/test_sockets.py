"""Which UNIX sockets of the launch another user can connect to: none."""

import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from abcd_run.host import xdg
from tests.isolation.conftest import Lab
from tests.isolation.stranger import Stranger

OPEN_TO_ALL = re.compile("/var/lib/lxd/devlxd/sock|@/var/lib/lxd/containers/[^/]+/command")
"""LXD's, which look at who asks after the connection."""


def _ours(path: str) -> bool:
    """Say whether a socket can be of an engine or a launch of this user."""
    if OPEN_TO_ALL.fullmatch(path):
        return False
    own = ("/tmp/", str(xdg.runtime_dir()), str(Path.home()), "/var/lib/lxd/", "/run/lxd")
    return path.startswith(own) or "abcd" in path.removeprefix("/run/abcd-run-test/stranger/")


def test_no_socket_answers(lab: Lab, stranger: Stranger) -> None:
    """Of engines, of screens, of what watches a container or a machine."""
    folders = ["/tmp", str(xdg.runtime_dir()), str(Path.home())]
    looked = json.loads(stranger.python("sockets", *folders).out)
    screens = [
        urlsplit(endpoint["url"]).path
        for one in lab.instances.values()
        for endpoint in one["endpoints"]
        if "+unix" in endpoint["url"]
    ]
    assert set(screens) <= set(looked["seen"])
    assert bool(screens) == ("libvirt" in lab.instances)
    assert [path for path in looked["answer"] if _ours(path)] == []


def test_lxds_own_sockets_refuse(lab: Lab, stranger: Stranger) -> None:
    """Those that take every connection tell another user nothing."""
    if "lxd" not in lab.instances:
        pytest.skip("lxd is not among ABCD_RUN_ENGINES")
    asked = json.loads(stranger.python("lxd", lab.instances["lxd"]["name"]).out)
    assert asked["state"] < 0
    assert not asked["devlxd"] or asked["devlxd"].split()[1] in {"401", "403", "500"}


def test_the_look_finds_what_answers(lab: Lab, stranger: Stranger) -> None:
    """A socket that is open to all is found, by its path and by the kernel's name for it."""
    path = Path(f"/tmp/isolation-{id(lab)}.sock")
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as abstract:
        named.bind(str(path))
        try:
            path.chmod(0o666)
            abstract.bind(f"\0isolation-{id(lab)}")
            named.listen()
            abstract.listen()
            answers = json.loads(stranger.python("sockets", "/tmp").out)["answer"]
            assert {str(path), f"@isolation-{id(lab)}"} <= set(answers)
        finally:
            path.unlink()
