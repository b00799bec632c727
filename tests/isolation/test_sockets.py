"""Another user can connect to none of a launch's Unix sockets."""

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
"""LXD's sockets, which check the caller after it has connected."""


def _ours(path: str) -> bool:
    """Say whether a socket may belong to one of this user's engines or launches."""
    if OPEN_TO_ALL.fullmatch(path):
        return False
    own = ("/tmp/", str(xdg.runtime_dir()), str(Path.home()), "/var/lib/lxd/", "/run/lxd")
    return path.startswith(own) or "abcd" in path.removeprefix("/run/abcd-run-test/stranger/")


def test_no_socket_answers(lab: Lab, stranger: Stranger) -> None:
    """Neither engines, screens nor monitors of containers and machines accept connections."""
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
    """Sockets that accept every connection tell another user nothing."""
    if "lxd" not in lab.instances:
        pytest.skip("lxd is not among ABCD_RUN_ENGINES")
    asked = json.loads(stranger.python("lxd", lab.instances["lxd"]["name"]).out)
    assert asked["state"] < 0
    assert not asked["devlxd"] or asked["devlxd"].split()[1] in {"401", "403", "500"}


def test_the_look_finds_what_answers(lab: Lab, stranger: Stranger) -> None:
    """The search finds a socket that is open to all, by its path or its abstract name."""
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
