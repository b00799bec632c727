"""The contract on the real libvirt session, and tests that only machines need."""

import subprocess
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run, http_status, launch
from abcd_run.testing.contract import Document, RuntimeContract
from abcd_run_libvirt import folder

VIRSH = "virsh --quiet --connect qemu:///session"
THEIRS = (
    "<domain type='qemu'><name>$NAME</name><memory unit='MiB'>16</memory>"
    "<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
)
"""XML of a machine that is switched off, escaped for a shell's double quotes."""


class TestLibvirt(RuntimeContract):
    """The user's virtual machines."""

    runtime = "libvirt"
    keeps_files = False  # a live system is in memory
    foreign = f'echo "{THEIRS}" | {VIRSH} define /dev/stdin'
    foreign_gone = f'{VIRSH} undefine "$NAME"'

    def test_prune_removes_folders_without_a_machine(self, instance: Document) -> None:
        """A launch killed before it created its machine leaves a folder."""
        with folder.made("0b0b0b0b-killed") as there:
            there.seed.write_text("secret")
            # It is being made: somebody holds it.
            assert abcd_run("prune", "--on", self.runtime).status == 0
            assert there.seed.exists()
        assert abcd_run("prune", "--on", self.runtime).status == 0
        assert not there.path.exists()
        assert folder.of(instance["runtime_id"]).seed.exists()

    def test_libvirts_own_tools_show_it(self, instance: Document) -> None:
        """`virsh`, and so virt-manager, knows the machine by its name."""
        line = ["virsh", "--connect", "qemu:///session", "domuuid", instance["name"]]
        shown = subprocess.run(line, check=True, capture_output=True, text=True)
        assert shown.stdout.strip() == instance["runtime_id"]

    def test_a_kernel_is_unpacked_where_that_takes_an_emulated_processor_seconds(
        self, instance: Document
    ) -> None:
        """By KVM it is not worth the room on the disk."""
        line = ["virsh", "--connect", "qemu:///session", "dumpxml", instance["name"]]
        shown = subprocess.run(line, check=True, capture_output=True, text=True).stdout
        assert ("/vmlinux</kernel>" in shown) == ("<domain type='qemu'" in shown)

    def test_the_medium_is_shared_and_read_only(self, instance: Document) -> None:
        """Nothing inside can change what the next machine boots from."""
        devices = "for d in /sys/class/block/vd? /sys/class/block/sr?; do cat $d/ro; done"
        said = self.inside(instance, "sh", "-c", f"{devices} 2>/dev/null; true")
        assert set(said.split()) == {"1"}

    @pytest.mark.parametrize(
        "options",
        [
            ("boot=menu", "display=vnc", "firmware=uefi"),
            pytest.param(("boot=menu", "display=vnc"), marks=pytest.mark.soak),
            pytest.param(("firmware=uefi",), marks=pytest.mark.soak),
        ],
    )
    def test_other_ways_to_start(self, options: tuple[str, ...], tmp_path: Path) -> None:
        """The boot menu, VNC and UEFI, together and apart, reach the same page and a screenshot."""
        name, changes = self.name(), [word for one in options for word in ("--set", one)]
        changes += ["--memory", "384MiB"]  # the menu needs more for UEFI than the image asks for
        (launched,) = launch("--on", self.runtime, "--name", name, *changes, self.image)
        try:
            page = http_status(self.url(launched), user=self.user, password=launched["password"])
            assert page[0] == 200
            picture = tmp_path / "screen.png"
            assert abcd_run("screenshot", name, "-o", str(picture)).status == 0
            assert picture.stat().st_size
        finally:
            assert abcd_run("stop", name).status == 0
