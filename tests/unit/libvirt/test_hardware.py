"""A plan's options against what QEMU supports."""

import pytest

from abcd_run.errors import UsageError
from abcd_run_libvirt.hardware import Abilities, abilities, check_memory, choose

EVERYTHING = Abilities(
    kvm=False,
    graphics=frozenset({"spice", "vnc", "sdl"}),
    video=frozenset({"qxl", "virtio", "vga", "bochs"}),
)
PLAIN = Abilities(kvm=True, graphics=frozenset({"vnc"}), video=frozenset({"vga"}))
CAPABILITIES = """
<domainCapabilities><devices>
  <graphics supported='yes'>
    <enum name='type'><value>vnc</value><value>spice</value></enum>
  </graphics>
  <video supported='yes'>
    <enum name='modelType'><value>vga</value><value>qxl</value></enum>
  </video>
  <sound><enum name='modelType'><value>ich9</value></enum></sound>
</devices></domainCapabilities>
"""


def test_capabilities_are_read() -> None:
    able = abilities(CAPABILITIES, kvm=True)
    assert able == Abilities(
        kvm=True, graphics=frozenset({"vnc", "spice"}), video=frozenset({"vga", "qxl"})
    )
    assert abilities("<domainCapabilities/>", kvm=False).graphics == frozenset()


def test_capabilities_with_entities_of_their_own_are_refused() -> None:
    with pytest.raises(ValueError, match="document type"):
        abilities(f"<!DOCTYPE a [<!ENTITY x 'y'>]>{CAPABILITIES}", kvm=True)


def test_the_best_there_is() -> None:
    parts = choose({}, EVERYTHING)
    assert (parts.display, parts.video, parts.vnc_too) == ("spice", "qxl", True)
    assert (parts.accel, parts.cpu) == ("tcg", "Nehalem")
    assert (parts.boot, parts.firmware) == ("direct", "bios")
    parts = choose({}, PLAIN)
    assert (parts.display, parts.video, parts.vnc_too) == ("vnc", "vga", False)
    assert (parts.accel, parts.cpu) == ("kvm", "host")


def test_the_user_decides_otherwise() -> None:
    wanted = {"accel": "tcg", "boot": "menu", "display": "none", "firmware": "uefi", "cpu": "max"}
    wanted["network"] = "isolated"
    parts = choose(wanted, PLAIN)
    assert {key: getattr(parts, key) for key in wanted} == wanted
    assert parts.video == "none"
    assert choose({"accel": "kvm"}, EVERYTHING).accel == "kvm"
    assert choose({"video": "bochs"}, EVERYTHING).video == "bochs"


@pytest.mark.parametrize("cpu", ["Nehalem,+vmx", "-x", "a b", "", "x\n", "a=b"])
def test_what_is_no_model_of_a_processor(cpu: str) -> None:
    with pytest.raises(UsageError, match="not the name of a CPU model"):
        choose({"cpu": cpu}, PLAIN)


def test_what_this_qemu_lacks_is_said() -> None:
    with pytest.raises(UsageError, match="no spice"):
        choose({"display": "spice"}, PLAIN)
    with pytest.raises(UsageError, match="no qxl"):
        choose({"video": "qxl"}, PLAIN)


def test_uefi_and_its_menu_need_more() -> None:
    menu = choose({"firmware": "uefi", "boot": "menu"}, EVERYTHING)
    with pytest.raises(UsageError, match="at least 320MiB"):
        check_memory(menu, 256 << 20)
    check_memory(menu, 320 << 20)
    check_memory(menu, None)
    check_memory(choose({"firmware": "uefi"}, EVERYTHING), 256 << 20)
