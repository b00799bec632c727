"""The profile that travels with a family: complete, without its host, a stranger's on arrival."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.images import profile, travelling
from abcd_run.images.catalogue import Catalogue

Write = Callable[..., Path]

PARENT = """
summary = "a parent"
user = "abcd"
login = "greeter"
[abcdic]
archive = "secret/place.oci.tar"
[services.web]
port = 8080
protocol = "http"
open = true
[on.podman]
cap_drop = ["FSETID"]
"""
CHILD = """
parent = "old"
runtimes = ["podman"]
unverified = true
[abcdik]
iso = "/home/somebody/x.iso"
[resources]
memory = "256MiB"
cpus = 1.5
shm = 1000
[services.ssh]
port = 22
protocol = "ssh"
variant = "abcdik"
[screen]
command = ["shoot", "-x"]
[ready]
service = "web"
path = "/drawn"
timeout = 9
[[verify]]
name = "release"
command = ["sh", "-c", "echo 'a\\nb'"]
"""


def test_it_is_complete_and_says_nothing_of_its_host(write: Write) -> None:
    write("old", PARENT)
    write("young", CHILD)
    image = Catalogue.usual().profile("young")
    text = travelling.written(image)
    assert not any(word in text for word in (b"parent =", b"archive", b"somebody", b"[abcdi"))
    arrived = travelling.read(text, "r.example/young:1")
    assert arrived.notes == ()
    assert arrived.on == {"podman": {"cap_drop": ["FSETID"]}}
    again = profile.build("young", arrived.tables, origin="x")
    for key in ("summary", "user", "uid", "login", "runtimes", "resources", "services", "screen",
                "ready", "verify"):  # fmt: skip
        assert getattr(again, key) == getattr(image, key), key
    assert (again.parents, again.variants, again.recipes) == ((), (), ())


def test_every_built_in_profile_travels(home: Path) -> None:
    catalogue = Catalogue.usual()
    for name in catalogue.names():
        image = catalogue.profile(name)
        arrived = travelling.read(travelling.written(image), name)
        again = profile.build(name, arrived.tables, origin="x")
        kept = tuple(one for one in image.verify if not (one.goss or one.needle))
        assert (again.services, again.ready, again.verify) == (image.services, image.ready, kept)


def test_what_no_stranger_may_say_is_left_out() -> None:
    text = b"""
    parent = "abcd4demo"
    [abcdic]
    archive = "/etc/shadow"
    [abcdik]
    iso = "file:///etc/shadow"
    installs = true
    [ready]
    kind = "somebodys-plug-in"
    options = { file = "/etc/shadow" }
    [base]
    archive = "/etc/shadow"
    [[verify]]
    goss = "/etc/shadow"
    [[verify]]
    needle = "/etc/shadow"
    """
    arrived = travelling.read(text, "r.example/x:1")
    assert b"shadow" not in repr(arrived).encode()
    assert "parent, base, abcdic, abcdik, verify with files, ready.kind" in arrived.notes[0]
    assert "r.example/x:1" in arrived.notes[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\xff\xfe", "not a TOML file"),
        (b"a = [" + b"[" * 100_000, "not a TOML file"),
        (b"nosuch = 1", "nosuch: unknown key"),
        (b"summary = 1", "summary: expected"),
        (b'summary = "\\u001b[2J"', "summary: expected"),
        (b"x" * ((1 << 20) + 1), "more than 1 MiB"),
        (b'[ready]\nservice = "web"', "no service"),
        (b"[ready]\nconsole = '" + b"a" * 300 + b"'", "ready.console"),
    ],
)
def test_what_is_no_profile_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        travelling.read(text, "r.example/x:1")
    assert "r.example/x:1" in caught.value.message
    assert why in caught.value.details
    assert caught.value.remedy


def test_it_is_toml(write: Write) -> None:
    write("old", PARENT)
    read = tomllib.loads(travelling.written(Catalogue.usual().profile("old")).decode())
    assert read["services"]["web"] == {
        "port": 8080, "protocol": "http", "path": "/", "open": True,
    }  # fmt: skip
