from __future__ import annotations

import shutil
import subprocess

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.iso.menu import live_arguments, menu
from abcd_run.iso.read_menu import entries, live_entry
from tests.guests import kairos_menu

KAIROS = """
set default=0
menuentry "Kairos" --class os {{
    linux ($root)/boot/kernel {live} nomodeset install-mode $thor_options rd.cos.disable
    initrd ($root)/boot/initrd
}}
menuentry "Kairos (manual)" --class os {{
    linux ($root)/boot/kernel {live} nomodeset $thor_options rd.cos.disable
    initrd ($root)/boot/initrd
}}
""".format(live="cdroot root=live:CDLABEL=COS_LIVE console=tty1")

AURORABOOT = kairos_menu.written()
"""A menu with AuroraBoot's entries."""


def test_the_first_entry_is_the_plain_live_session() -> None:
    first = entries(menu("ABCD", ("quiet",)))[0]
    assert first.is_live
    assert first.arguments == live_arguments("quiet")
    assert (first.kernel, first.initrd) == ("/boot/kernel", "/boot/initrd")
    assert "root=live:CDLABEL=COS_LIVE" in first.arguments
    assert "nomodeset" not in first.arguments


def test_no_entry_installs() -> None:
    assert "install" not in menu("ABCD", ())


@pytest.mark.skipif(not shutil.which("grub-script-check"), reason="no grub-script-check")
@pytest.mark.parametrize("title", ["ABCD", 'it\'s `$(reboot)` "{x}"; \\', "", "Füchse 4/2"])
def test_grub_understands_the_menu(title: str) -> None:
    text = menu(title, ("a=b,c", 'd="e;f$g"', "rd.break"))
    subprocess.run(["grub-script-check"], input=text, text=True, check=True)


@pytest.mark.parametrize("argument", ["a b", "a'b", "a\nb", ""])
def test_an_argument_that_would_be_several_is_refused(argument: str) -> None:
    with pytest.raises(ArtifactError):
        menu("ABCD", (argument,))


def test_a_kairos_menu_gives_its_manual_session() -> None:
    entry = live_entry(KAIROS)
    assert entry
    assert entry.arguments == (
        "cdroot",
        "root=live:CDLABEL=COS_LIVE",
        "console=tty1",
        "rd.cos.disable",
    )


def test_a_menu_that_only_installs_gives_the_rest_of_its_first_entry() -> None:
    entry = live_entry(KAIROS[: KAIROS.index("menuentry", 50)])
    assert entry
    assert not {"install-mode", "nomodeset"} & set(entry.arguments)
    assert "cdroot" in entry.arguments


def test_no_menu_gives_no_entry() -> None:
    assert live_entry("set timeout=3\n") is None


def test_auroraboots_menu_gives_its_manual_session() -> None:
    every = entries(AURORABOOT)
    assert len(every) == 7
    assert [entry.is_live for entry in every] == [False, True, *[False] * 5]
    entry = live_entry(AURORABOOT)
    assert entry
    assert (entry.kernel, entry.initrd) == ("/boot/kernel", "/boot/initrd")
    assert {"cdroot", "root=live:CDLABEL=COS_LIVE", "rd.cos.disable"} <= set(entry.arguments)
    assert "install-mode" not in entry.arguments


def test_a_session_in_memory_that_partitions_disks_is_not_taken() -> None:
    last = AURORABOOT[AURORABOOT.index('menuentry "Boot Kairos to RAM now"') :]
    entry = live_entry(last)
    assert entry
    assert not [word for word in entry.arguments if word.startswith("kairos.ram")]
