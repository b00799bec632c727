"""The domain XML of a plan."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.backend import record
from abcd_run.errors import UsageError
from abcd_run.model import Origin, Plan, Resources, Share
from abcd_run_libvirt import labels, native
from abcd_run_libvirt.folder import Folder
from abcd_run_libvirt.hardware import Hardware
from abcd_run_libvirt.images import is_unpacked
from abcd_run_libvirt.translate import QEMU, Design, Kernel, processors, xml

PARTS = Hardware("tcg", "direct", "Nehalem", "spice", "bios", "qxl")
KERNEL = Kernel(Path("/c/kernel"), Path("/c/initrd"), ("root=live:CDLABEL=COS_LIVE", "quiet"))


@pytest.fixture
def design(plan: Plan) -> Design:
    folder = Folder(Path("/run/user/7/abcd-run/libvirt/u-u-i-d"))
    return Design("u-u-i-d", plan, Path("/c/demo.iso"), PARTS, folder, KERNEL)


def parsed(design: Design) -> ET.Element:
    return ET.fromstring(xml(design))


def text(root: ET.Element, path: str) -> str:
    element = root.find(path)
    assert element is not None, path
    return element.text or ""


def test_who_it_is(design: Design) -> None:
    root = parsed(design)
    assert root.get("type") == "qemu"
    assert (text(root, "name"), text(root, "uuid")) == ("demo-1", "u-u-i-d")
    assert text(root, "memory") == str(256 << 20)


def test_labels_come_back_from_the_metadata(design: Design) -> None:
    (element,) = parsed(design).findall("metadata/*")
    noted = labels.read(ET.tostring(element, encoding="unicode"))
    assert noted.labels == record.labels(design.plan)
    assert noted.password == "a-secret-word"


def test_the_password_is_nowhere_else(design: Design) -> None:
    assert xml(design).count("a-secret-word") == 1


def test_direct_boot(design: Design) -> None:
    root = parsed(design)
    assert text(root, "os/kernel") == "/c/kernel"
    assert text(root, "os/cmdline").startswith("root=live:CDLABEL=COS_LIVE quiet")
    assert root.find("os/boot") is None
    assert [one.get("bus") for one in root.iterfind("devices/disk/target")] == ["virtio"] * 2


@pytest.mark.parametrize(
    ("accel", "more"), [("tcg", " mitigations=off no_timer_check"), ("kvm", "")]
)
def test_only_what_is_emulated_goes_unguarded(design: Design, accel: str, more: str) -> None:
    root = parsed(replace(design, hardware=replace(design.hardware, accel=accel)))
    assert text(root, "os/cmdline") == f"root=live:CDLABEL=COS_LIVE quiet{more}"


def test_what_is_emulated_has_its_kernel_unpacked_before(plan: Plan) -> None:
    assert is_unpacked(plan, PARTS)
    assert not is_unpacked(plan, replace(PARTS, accel="kvm"))
    assert not is_unpacked(plan, replace(PARTS, firmware="uefi"))
    published = replace(plan, source=replace(plan.source, origin=Origin.ISO))
    assert not is_unpacked(published, PARTS)


def test_boot_menu_from_a_cd(design: Design) -> None:
    root = parsed(replace(design, kernel=None))
    assert root.find("os/kernel") is None
    assert [one.attrib for one in root.iterfind("os/boot")] == [{"dev": "cdrom"}]
    assert [one.get("device") for one in root.iterfind("devices/disk")] == ["cdrom"] * 2


def test_disks_are_read_only(design: Design) -> None:
    disks = parsed(design).findall("devices/disk")
    assert [disk.find("source").get("file") for disk in disks] == [  # type: ignore[union-attr]
        "/c/demo.iso",
        "/run/user/7/abcd-run/libvirt/u-u-i-d/seed.iso",
    ]
    assert all(disk.find("readonly") is not None for disk in disks)


def test_uefi_keeps_its_variables_in_the_place(design: Design) -> None:
    root = parsed(replace(design, hardware=replace(PARTS, firmware="uefi")))
    system = root.find("os")
    assert system is not None
    assert system.get("firmware") == "efi"
    assert text(root, "os/nvram").startswith("/run/user/7/")
    feature = system.find("firmware/feature")
    assert feature is not None
    assert feature.attrib == {"enabled": "no", "name": "secure-boot"}


@pytest.mark.parametrize("protocol", ["spice", "vnc"])
def test_the_screen_is_a_socket(design: Design, protocol: str) -> None:
    root = parsed(replace(design, hardware=replace(PARTS, display=protocol)))
    graphics = root.find("devices/graphics")
    assert graphics is not None
    assert graphics.get("type") == protocol
    (listen,) = graphics
    assert listen.get("type") == "socket"
    assert listen.get("socket") == f"/run/user/7/abcd-run/libvirt/u-u-i-d/{protocol}.sock"


def test_a_browser_gets_a_socket_of_its_own(design: Design) -> None:
    root = parsed(replace(design, hardware=replace(PARTS, vnc_too=True)))
    sockets = [one.get("socket", "") for one in root.iterfind("devices/graphics/listen")]
    folder = "/run/user/7/abcd-run/libvirt/u-u-i-d/"
    assert sockets == [f"{folder}spice.sock", f"{folder}vnc.sock"]


def test_sound_is_what_the_viewer_plays_and_no_microphone(design: Design) -> None:
    assert parsed(design).find("devices/sound") is None
    root = parsed(replace(design, hardware=replace(PARTS, sound=True)))
    assert [one.get("type") for one in root.iterfind("devices/sound/codec")] == ["output"]
    assert [one.get("type") for one in root.iterfind("devices/audio")] == ["spice"]


def test_the_network_of_its_owner(design: Design) -> None:
    root = parsed(design)
    assert [one.get("type") for one in root.iterfind("devices/interface")] == ["user"]
    assert root.find(f"{{{QEMU}}}commandline") is None


def test_a_network_of_its_own_ports_alone(design: Design) -> None:
    root = parsed(replace(design, hardware=replace(PARTS, network="isolated")))
    assert root.find("devices/interface") is None
    words = [one.get("value", "") for one in root.iterfind(f"{{{QEMU}}}commandline/*")]
    assert words[:2] == ["-netdev", "user,id=hostnet0,restrict=on"]
    assert words[2] == "-device"
    assert "netdev=hostnet0" in words[3]


def test_no_screen(design: Design) -> None:
    root = parsed(replace(design, hardware=replace(PARTS, display="none", video="none")))
    assert root.find("devices/graphics") is None
    model = root.find("devices/video/model")
    assert model is not None
    assert model.get("type") == "none"


@pytest.mark.parametrize(
    ("cpu", "mode"), [("host", "host-passthrough"), ("max", "maximum"), ("Nehalem", "custom")]
)
def test_processor_models(design: Design, cpu: str, mode: str) -> None:
    element = parsed(replace(design, hardware=replace(PARTS, cpu=cpu))).find("cpu")
    assert element is not None
    assert element.get("mode") == mode
    assert text(element, "model") == cpu if mode == "custom" else len(element) == 0


def test_shares(design: Design) -> None:
    shares = (Share(Path("/home/me/a b"), "/mnt/a b"), Share(Path("/x"), "/y", read_only=True))
    root = parsed(replace(design, plan=replace(design.plan, shares=shares)))
    first, second = root.findall("devices/filesystem")
    assert [one.attrib for one in first] == [{"dir": "/home/me/a b"}, {"dir": "share0"}]
    assert second.find("readonly") is not None


ODD = "/a\"b'<x>&amp;,y=z\t\u00e9"


def test_odd_paths_stay_paths(design: Design) -> None:
    shares = (Share(Path(ODD), "/mnt"),)
    plan = replace(design.plan, shares=shares, image="</title><x/>")
    root = parsed(replace(design, plan=plan, iso=Path(ODD), folder=Folder(Path(ODD))))
    assert text(root, "title") == "</title><x/> (abcd-run)"
    share = root.find("devices/filesystem/source")
    disk = root.find("devices/disk/source")
    assert share is not None
    assert disk is not None
    assert (share.get("dir"), disk.get("file")) == (ODD, ODD)


@pytest.mark.parametrize("path", ["/a\x01b", "/a\x1b[2Jb", "/a\udcffb", "/a\ufffeb"])
def test_what_no_xml_can_say_is_refused(design: Design, path: str) -> None:
    shares = (Share(Path(path), "/mnt"),)
    with pytest.raises(UsageError, match="control characters") as raised:
        xml(replace(design, plan=replace(design.plan, shares=shares)))
    assert raised.value.details.isprintable()


def test_processors(plan: Plan) -> None:
    assert processors(plan, PARTS) == 1
    assert processors(replace(plan, resources=Resources(cpus=1.5)), PARTS) == 2


def test_a_profile_says_how_many_processors_are_good(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = replace(plan, options={"cpus": 3.0})
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert processors(wanted, PARTS) == 3
    assert processors(replace(wanted, resources=Resources(cpus=4)), PARTS) == 4
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert processors(wanted, PARTS) == 2


def test_secrets_stand_in_no_command(design: Design) -> None:
    lines = native.lines(
        design, commands=["hostfwd_add x"], seed={"abcd-seed": "K='a-secret-word'\n"}
    )
    outside, inside = [], False
    for line in lines.splitlines():
        inside = line != "ABCD-RUN" if inside else line.endswith("<<'ABCD-RUN'")
        outside += [] if inside else [line]
    assert not any("a-secret-word" in line for line in outside)
    assert any("hostfwd_add" in line for line in outside)
