"""Seeds that a person gives: in an initrd, or on a CD beside a file, for nobody else to read."""

import io
import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pycdlib import PyCdlib

from tests.unit.conftest import Run, Write
from tests.unit.kernel import lives

SECRET = "it's a secret"


@pytest.fixture
def words(home: Path) -> Callable[..., list[str]]:
    """Return options for a seed with a password, and what else is asked for."""
    (home / "password").write_text(SECRET)

    def words(*more: str) -> list[str]:
        return ["--password-file", str(home / "password"), *more]

    return words


def read(cd: Path, name: str) -> str:
    iso, content = PyCdlib(), io.BytesIO()
    iso.open(str(cd))
    iso.get_file_from_iso_fp(content, joliet_path=f"/{name}")
    iso.close()
    return content.getvalue().decode()


def sourced(seed: str, key: str) -> str:
    """Return a value as the image's own shell gets it."""
    line = ["/bin/sh", "-c", f'{seed}\nprintf %s "${key}"']
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("form", ["netboot", "kernel"])
def test_it_is_in_the_initrd(
    lab: Path, run: Run, words: Callable[..., list[str]], form: str
) -> None:
    os.umask(0o022)
    ended = run(
        "artifact", "live", "--to", form, "-o", str(lab / "a"), *words("--hostname", "lab-1")
    )
    assert ended.status == 0, ended.err
    assert "whoever can read that has the password" in ended.err
    initrd = lab / "a" / "initrd"
    assert stat.S_IMODE(initrd.stat().st_mode) == 0o600
    packed = {one.name: one for one in lives.unpacked(initrd.read_bytes(), 4999)}
    seed = packed["abcd-seed"]
    assert seed.mode == 0o100400
    assert sourced(seed.data.decode(), "ABCD_PASSWORD") == SECRET
    assert sourced(seed.data.decode(), "ABCD_HOSTNAME") == "lab-1"
    assert packed["rootfs.img"].data == lives.SQUASHFS
    assert "whoever can read the initrd" in (lab / "a" / "README").read_text()
    for one in ("boot.ipxe", "cmdline", "README"):
        assert SECRET not in ((lab / "a" / one).read_text() if (lab / "a" / one).exists() else "")


def test_dracut_hands_it_over(lab: Path, run: Run, words: Callable[..., list[str]]) -> None:
    assert run("artifact", "live", "--to", "kernel", "-o", str(lab / "a"), *words()).status == 0
    packed = list(lives.unpacked((lab / "a" / "initrd").read_bytes(), 4999))
    names = [one.name for one in packed]
    hook = names.index("usr/lib/dracut/hooks/pre-pivot/90-abcd-seed.sh")
    folders = ["usr", "usr/lib", "usr/lib/dracut", "usr/lib/dracut/hooks"]
    assert [*folders, "usr/lib/dracut/hooks/pre-pivot"] == names[hook - 5 : hook]
    assert b"/run/abcd/seed" in packed[hook].data


def test_it_is_on_a_cd_beside_a_file(lab: Path, run: Run, words: Callable[..., list[str]]) -> None:
    ended = run(
        "artifact", "live", "--to", "iso", "-o", str(lab / "a.iso"), "--json",
        *words("--hostname", "lab-1"),
    )  # fmt: skip
    assert ended.status == 0, ended.err
    cd = lab / "a-seed.iso"
    assert str(cd) in ended.json["artifact"]["beside"]
    assert stat.S_IMODE(cd.stat().st_mode) == 0o600
    assert sourced(read(cd, "abcd-seed"), "ABCD_PASSWORD") == SECRET
    told = json.loads(read(cd, "user-data").partition("\n")[2])
    assert told["hostname"] == "lab-1"
    assert told["users"][0]["passwd"] == SECRET


def test_none_is_made_unasked(lab: Path, run: Run) -> None:
    assert run("artifact", "live", "--to", "iso", "-o", str(lab / "a.iso")).status == 0
    assert sorted(one.name for one in lab.iterdir()) == ["a.iso", "a.iso.sha256"]


def test_a_file_of_a_seed(home: Path, lab: Path, run: Run) -> None:
    (home / "seed").write_text(
        "# ours\nABCD_PASSWORD='it'\\''s a secret'\nABCD_ENV_COURSE='Systems 1'\n"
        "ABCD_LOCALE=fr_CH.UTF-8\n"
    )
    ended = run(
        "artifact", "live", "--to", "kernel", "-o", str(lab / "a"), "--seed", str(home / "seed")
    )
    assert ended.status == 0, ended.err
    first, *_ = lives.unpacked((lab / "a" / "initrd").read_bytes(), 4999)
    wanted = {
        "ABCD_PASSWORD": SECRET, "ABCD_ENV_COURSE": "Systems 1", "ABCD_LOCALE": "fr_CH.UTF-8",
        "ABCD_USER": "abcd", "ABCD_IMAGE": "live",
    }  # fmt: skip
    assert {key: sourced(first.data.decode(), key) for key in wanted} == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ABCD_PASWORD=x", "did you mean ABCD_PASSWORD"),
        ("rm -rf /", "unknown key 'rm'"),
        ("ABCD_PASSWORD='a\nb'", "not one line"),
        ("ABCD_PASSWORD=", "not one line"),
        ("ABCD_PASSWORD='x", "cannot be read"),
        ("ABCD_HOSTNAME='a b'", "cannot be a host name"),
        ("ABCD_ENV_A-B=x", "A-B"),
        ("#" * 70000, "larger than a seed"),
        ("\udcff", "cannot be read"),
    ],
)
def test_what_is_no_seed(home: Path, lab: Path, run: Run, text: str, said: str) -> None:
    (home / "seed").write_bytes(text.encode(errors="surrogateescape"))
    ended = run(
        "artifact", "live", "--to", "iso", "-o", str(lab / "a"), "--seed", str(home / "seed")
    )
    assert (ended.status, said in ended.err) == (2, True), ended.err
    assert list(lab.iterdir()) == []


def test_a_container_takes_none(
    lab: Path, run: Run, write: Write, words: Callable[..., list[str]]
) -> None:
    write("box", '[abcdic]\nimage = "registry.example/box:1"\n')
    ended = run("artifact", "box", "--to", "oci", "-o", str(lab / "a"), *words())
    assert (ended.status, "oci takes no seed" in ended.err) == (2, True)
