"""Copies to and from real instances; the contract suite copies a tree on every runtime."""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need

SIZE = 2 << 30


@pytest.fixture(scope="module", params=["podman", "docker", "lxd", "libvirt"])
def instance(request: pytest.FixtureRequest) -> Iterator[str]:
    """An instance on each runtime, by its name."""
    yield from launched(request.param)


@pytest.fixture
def container() -> Iterator[str]:
    """One on Podman."""
    yield from launched("podman")


def launched(runtime: str) -> Iterator[str]:
    """Launch the sample image, and stop it in the end."""
    need(runtime)
    name = f"copied-{runtime}-{os.getpid()}"
    ended = abcd_run("--on", runtime, "--name", name, "abcd4demo")
    assert ended.status == 0, ended.err
    yield name
    abcd_run("stop", name)


def copied(*words: str) -> None:
    """Copy, which must succeed."""
    ended = abcd_run("cp", *words)
    assert ended.status == 0, ended.err


def inside(name: str, script: str, *words: str, user: str = "") -> str:
    """Return what a script prints inside."""
    who = ["--user", user] if user else []
    ended = abcd_run("exec", *who, name, "--", "sh", "-c", script, *words)
    assert ended.status == 0, ended.err
    return ended.out


def evil() -> bytes:
    """Return an archive of which each entry leads outside in its own way."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, link in (
            (".", tarfile.DIRTYPE, ""),
            ("./good", tarfile.REGTYPE, ""),
            ("./link", tarfile.SYMTYPE, "../.."),
            ("./link/written", tarfile.REGTYPE, ""),
            ("../written", tarfile.REGTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            tar.addfile(info)
    return out.getvalue()


def test_a_file_belongs_to_the_user_and_needs_rights(instance: str, tmp_path: Path) -> None:
    (tmp_path / "-f").write_text("text")
    copied(str(tmp_path / "-f"), f"{instance}:")
    assert inside(instance, "cd; cat ./-f; stat -c %U ./-f; rm ./-f") == "textabcd\n"
    refused = abcd_run("cp", str(tmp_path / "-f"), f"{instance}:/etc/copied")
    assert refused.status == 5
    assert "--user root" in refused.err
    copied("--user", "root", str(tmp_path / "-f"), f"{instance}:/etc/copied")
    assert inside(instance, "stat -c %U /etc/copied") == "root\n"


def test_a_guest_that_answers_with_what_leads_outside(instance: str, tmp_path: Path) -> None:
    """The last test of an instance: its shell answers everything with that archive."""
    (tmp_path / "evil.tar").write_bytes(evil())
    copied(str(tmp_path / "evil.tar"), f"{instance}:/tmp/evil.tar")
    (tmp_path / "to").mkdir()
    lie = (
        'printf "#!%s ash\\ncat /tmp/evil.tar\\n" "$(which busybox)" >/bin/lie; chmod 755 /bin/lie'
    )
    # LXD's commands come by way of env, which has a shell of its own.
    inside(instance, f"{lie}; cp /bin/lie /e; mv /e /usr/bin/env; mv /bin/lie /bin/sh", user="root")
    ended = abcd_run("cp", f"{instance}:/etc", str(tmp_path / "to"))
    assert ended.status == 5
    assert "cannot write etc/link" in ended.err
    written = sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*"))
    assert written == ["evil.tar", "to", "to/etc", "to/etc/good", "to/etc/link"]


@pytest.mark.soak
def test_two_gibibytes_arrive_whole(container: str, tmp_path: Path) -> None:
    """Both ways, made by the guest, on the runtime whose disk is this host's."""
    inside(container, "dd if=/dev/zero of=/tmp/big bs=1M count=2048")
    inside(container, "printf end | dd of=/tmp/big bs=1 seek=1999999999 conv=notrunc")
    copied(f"{container}:/tmp/big", str(tmp_path / "big"))
    assert (tmp_path / "big").stat().st_size == SIZE
    inside(container, "rm /tmp/big")
    copied(str(tmp_path / "big"), f"{container}:/tmp/back")
    with (tmp_path / "big").open("rb") as file:
        here = hashlib.file_digest(file, "md5").hexdigest()
    (tmp_path / "big").unlink()
    assert inside(container, "md5sum /tmp/back").split()[0] == here
