"""A whole site from an image's archive, with stand-ins for npm and for the emulator's boot."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from abcd_run.artifact import site
from abcd_run.backend.served_site import lock_of
from abcd_run.host import locks
from abcd_run.site import software
from tests.unit.conftest import Run
from tests.unit.oci.making import Tar, layout, tar_of

STATE = b"the state of a machine " * 1000
NPM = """\
import pathlib, sys
for path in {paths!r}:
    target = pathlib.Path("node_modules", path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(path)
"""
NODE = """\
import json, pathlib, sys
_, folder, out = sys.argv[1:]
told = json.loads(pathlib.Path(folder, "machine.json").read_text())
assert told["state"] is None
assert pathlib.Path(folder, told["kernel"]["path"]).is_file()
pathlib.Path(out).write_bytes({state!r})
"""
Program = Callable[[str, str], Path]


def kernel(*, wide: bool = False) -> bytes:
    """Return the head of a kernel as a loader reads it."""
    head = bytearray(0x1000)
    head[0x202:0x206] = b"HdrS"
    head[0x236] = int(wide)
    return bytes(head)


def system(**files: bytes) -> Tar:
    """Return the layer of a browser's variant; files by their names in /boot replace its own."""
    boot = {"vmlinuz": kernel(), "initrd": b"initrd"} | files
    tar = Tar()
    for name, data in boot.items():
        tar.file(f"boot/{name}", data)
    for name in ("bios.bin", "vgabios-stdvga.bin"):
        tar.file(f"boot/firmware/{name}", name.encode())
    tar.file("etc/os-release", b'NAME=it\nPRETTY_NAME="A small system"\n')
    return tar.file("usr/share/doc/thing/copyright", b"free as in speech")


@pytest.fixture
def program(home: Path) -> Program:
    """Put programs on PATH that are written in Python."""

    def put(name: str, code: str) -> Path:
        path = home / "bin" / name
        path.write_text(f"#!{sys.executable}\n{code}")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def tools(program: Program) -> None:
    program("npm", NPM.format(paths=sorted(software.FILES.values())))
    program("node", NODE.format(state=STATE))


@pytest.fixture
def family(tmp_path: Path, write: Callable[..., Path]) -> Callable[..., None]:
    """Make the image `it` from a layer."""

    def make(layer: Tar, said: str = "") -> None:
        made = layout(
            tmp_path / "layout",
            layer,
            architecture="386",
            Labels={"org.opencontainers.image.description": "What it is"},
        )
        archive = tar_of(made, tmp_path / "it.oci.tar")
        write("it", f'{said}\n[abcdib]\narchive = "{archive}"\n')

    return make


def made(run: Run, out: Path) -> dict[str, Any]:
    """Make the site and return what its page is told."""
    ended = run("artifact", "it", "--to", "site", "-o", str(out))
    assert ended.status == 0, ended.err
    told: dict[str, Any] = json.loads((out / "machine.json").read_text())
    return told


@pytest.mark.usefixtures("tools")
def test_a_site_has_all_that_its_page_is_told_of(
    family: Callable[..., None], run: Run, tmp_path: Path
) -> None:
    family(system(), 'resources.memory = "200MiB"')
    out = tmp_path / "lab"
    told = made(run, out)
    assert [told[key] for key in ("image", "summary", "release", "network")] == [
        "it", "What it is", "A small system", "off",
    ]  # fmt: skip
    assert told["memory"] == told["state"]["memory"] == 200 << 20
    for one in (told["kernel"], told["initrd"], told["root"]["index"], told["state"]):
        assert (out / one["path"]).stat().st_size == one["size"]
        assert one["sha256"][:32] in one["path"]
    packed = (out / told["state"]["path"]).read_bytes()
    assert zstandard.ZstdDecompressor().decompress(packed) == STATE
    for path in (*software.FILES, *told["notices"], "index.html", "bios/seabios.bin"):
        assert (out / path).is_file(), path
    assert (out / "notices/debian-thing.txt").read_text() == "free as in speech"
    assert {path.stat().st_mode & 0o077 for path in out.rglob("*")} <= {0o055, 0o044}


@pytest.mark.usefixtures("tools")
def test_a_site_is_made_once_and_written_as_often_as_asked(
    family: Callable[..., None], run: Run, tmp_path: Path, program: Program
) -> None:
    family(system())
    first = made(run, tmp_path / "one")
    program("node", "raise SystemExit('a second boot')")
    program("npm", "raise SystemExit('a second fetch')")
    assert made(run, tmp_path / "two") == first
    kept = [path.name for path in site.folder().iterdir()]
    assert len(kept) == 2, kept
    assert not [name for name in kept if name.startswith((site.PREFIX, software.PREFIX))]


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (system(vmlinuz=kernel(wide=True)), "is for 64 bits"),
        (system(vmlinuz=b"words"), "is not a Linux kernel for i386"),
        (Tar().file("etc/os-release", b""), "no kernel in /boot"),
    ],
)
def test_what_no_tab_can_boot_is_refused(
    family: Callable[..., None], run: Run, tmp_path: Path, layer: Tar, says: str
) -> None:
    family(layer)
    ended = run("artifact", "it", "--to", "site", "-o", str(tmp_path / "lab"))
    assert (ended.status, says in ended.err) == (4, True), ended.err
    assert not (tmp_path / "lab").exists()
    assert not list(site.folder().glob("it*"))


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(("given", "memory"), [((), 144), (("--memory", "300MiB"), 300)])
def test_a_tab_may_have_memory_of_its_own(
    family: Callable[..., None], run: Run, tmp_path: Path, given: tuple[str, ...], memory: int
) -> None:
    """Who launches decides."""
    family(system(), 'resources.memory = "4GiB"\nresources.tab = "144MiB"')
    planned = run("--json", "--dry-run", "--on", "browser", *given, "it")
    assert planned.json["plans"][0]["memory"] == memory << 20, planned.err
    if not given:
        assert made(run, tmp_path / "lab")["memory"] == memory << 20


@pytest.mark.usefixtures("tools")
def test_memory_that_no_tab_can_have_is_refused(
    family: Callable[..., None], run: Run, tmp_path: Path
) -> None:
    family(system(), 'resources.memory = "4GiB"')
    ended = run("artifact", "it", "--to", "site", "-o", str(tmp_path / "lab"))
    assert (ended.status, "96 to 1024 MiB" in ended.err) == (4, True), ended.err


@pytest.mark.usefixtures("tools")
def test_a_boot_that_fails_says_why_and_leaves_nothing(
    family: Callable[..., None], run: Run, tmp_path: Path, program: Program
) -> None:
    family(system())
    program("node", "raise SystemExit('Kernel panic - not syncing')")
    ended = run("artifact", "it", "--to", "site", "-o", str(tmp_path / "lab"))
    assert (ended.status, "Kernel panic" in ended.err) == (4, True), ended.err
    assert not (tmp_path / "lab").exists()
    assert not list(site.folder().glob("it*"))


@pytest.mark.usefixtures("program")
def test_a_host_without_node_is_told_what_to_install(
    family: Callable[..., None], run: Run, tmp_path: Path
) -> None:
    family(system())
    ended = run("artifact", "it", "--to", "site", "-o", str(tmp_path / "lab"))
    assert ended.status == 4
    assert "sudo apt install nodejs npm" in ended.err


@pytest.mark.usefixtures("tools")
def test_nothing_that_is_there_is_lost(
    family: Callable[..., None], run: Run, tmp_path: Path
) -> None:
    family(system())
    out = tmp_path / "lab"
    out.mkdir()
    (out / "mine").write_text("kept")
    ended = run("artifact", "it", "--to", "site", "-o", str(out))
    assert (ended.status, "is not empty" in ended.err) == (2, True), ended.err
    (out / "mine").unlink()
    made(run, out)
    assert not list(tmp_path.glob(".lab.part-*"))


@pytest.mark.usefixtures("tools")
def test_an_image_without_the_variant_is_refused(web: Path, run: Run, tmp_path: Path) -> None:
    ended = run("artifact", "web", "--to", "site", "-o", str(tmp_path / "lab"))
    assert ended.status == 4
    assert "site is made from a variant abcdib" in ended.err


def test_a_site_that_an_instance_shows_is_not_pruned(home: Path) -> None:
    shown = site.folder() / "abcdib-it-0123456789abcdef-01234567"
    shown.mkdir(parents=True)
    with locks.locked(lock_of(shown), shared=True):
        site._remove(shown)
        assert shown.is_dir()
    site._remove(shown)
    assert not list(site.folder().iterdir())
