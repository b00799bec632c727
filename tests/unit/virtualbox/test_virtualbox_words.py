"""VirtualBox's output is parsed and understood, including that of systems without tests."""

from pathlib import Path

import pytest

from abcd_run.errors import NameTaken
from abcd_run_virtualbox import driver, errors, parse, paths
from tests.unit.virtualbox import outputs


def test_version() -> None:
    assert parse.version(outputs.VERSION) == (7, 2, 22)
    assert parse.version(outputs.WARNED) == (7, 2, 22)
    assert parse.version("bash: VBoxManage: not found") is None


def test_facts() -> None:
    facts = parse.facts(outputs.WARNED + outputs.SHOWN)
    assert facts["name"] == 'tiny"q\\x'
    assert facts["memory"] == "64"
    assert facts["SATA-0-0"] == "/home/user/live=1.iso"
    assert facts["SATA-1-0"] == "none"
    assert parse.forwards(facts) == {8080: ("127.0.0.1", 44801), 22: ("0.0.0.0", 44802)}


def test_facts_on_windows() -> None:
    facts = parse.facts(outputs.SHOWN_ON_WINDOWS)
    assert facts["CfgFile"] == "C:\\Users\\mike\\VirtualBox VMs\\crm_default\\crm_default.vbox"
    assert facts["VMState"] == "running"


def test_lists() -> None:
    assert list(parse.machines(outputs.WARNED + outputs.LISTED).values()) == [
        'tryvb"q\\x',
        "<inaccessible>",
    ]
    assert parse.machines("WARNING: no machines\n") == {}
    assert parse.broken(outputs.BROKEN) == {
        "08a18738-0715-4908-ac90-708d57d9d58e": "/home/user/VirtualBox VMs/abcd-run/gone/gone.vbox"
    }
    assert parse.noted(outputs.EXTRA)["abcd-run.profile"] == '{"a":"b, Value: c","é":1}'
    assert parse.noted("No value set!\n") == {}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings(ending: str) -> None:
    said = "Default machine folder:          C:\\Users\\me\\VirtualBox VMs\nx: y\n"
    assert parse.machine_folder(said.replace("\n", ending)) == "C:\\Users\\me\\VirtualBox VMs"
    uuid = "08a18738-0715-4908-ac90-708d57d9d58e"
    made = f"Virtual machine 'x' is created and registered.\nUUID: {uuid}\nSettings file: 'y'\n"
    assert parse.created(made.replace("\n", ending)) == uuid
    assert list(parse.machines(f'"x" {{{uuid}}}{ending}')) == [uuid]


@pytest.mark.parametrize(("meaning", "text"), outputs.ELSEWHERE.items())
@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_refusals_are_understood(meaning: str, text: str, platform: str) -> None:
    error = errors.refused(text, doing="start the machine", platform=platform)
    assert meaning in error.message
    assert error.remedy
    assert error.remedy != "abcd-run doctor"
    assert "Details: code" not in error.details


def test_the_reason_behind_an_ended_process() -> None:
    error = errors.refused(
        outputs.ENDED + outputs.NO_DRIVER, doing="start the machine", platform="linux"
    )
    assert (
        error.message == "virtualbox could not start the machine: its kernel driver is not loaded"
    )
    assert "vboxconfig" in error.remedy
    assert "terminated unexpectedly" in error.details
    assert error.details.splitlines()[1:] == [
        "Error -1908 in suplibOsInit!",
        "Kernel driver not installed",
    ]


def test_refusals_that_are_waited_for_or_ignored() -> None:
    locked = errors.refused(outputs.LOCKED, doing="x")
    unknown = errors.refused(outputs.UNKNOWN, doing="x")
    assert isinstance(locked, errors.Refused)
    assert (locked.locked, locked.gone) == (True, False)
    assert isinstance(unknown, errors.Refused)
    assert (unknown.locked, unknown.gone) == (False, True)
    assert isinstance(errors.refused(outputs.TAKEN, doing="x"), NameTaken)


@pytest.mark.parametrize("said", ["NOT_READY", "INACCESSIBLE"])
def test_a_machine_between_two_states_is_not_one_without_files(said: str) -> None:
    refused = errors.refused(getattr(outputs, said), doing="x")
    assert isinstance(refused, errors.Refused)
    assert (refused.locked, refused.broken) == (said == "NOT_READY", said == "INACCESSIBLE")


def test_programs_on_windows_and_macos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "Oracle" / "VirtualBox"
    installed.mkdir(parents=True)
    program = installed / "VBoxManage.exe"
    program.touch()
    for environ in (
        {"VBOX_MSI_INSTALL_PATH": f"{installed}/", "PATH": ""},
        {"ProgramW6432": str(tmp_path), "PATH": ""},
        {"ProgramFiles": str(tmp_path), "PATH": ""},
    ):
        assert paths.program("VBoxManage", platform="win32", environ=environ) == str(program)
    assert paths.program("VBoxManage", platform="win32", environ={"PATH": ""}) is None

    (tmp_path / "VBoxManage").touch()
    monkeypatch.setattr(paths, "MACOS", str(tmp_path))
    path = paths.program("VBoxManage", platform="darwin", environ={"PATH": ""})
    assert path == str(tmp_path / "VBoxManage")
    assert paths.program("VBoxManage", platform="linux", environ={"PATH": ""}) is None


def _host(root: Path, *, held: str) -> Path:
    (root / "proc").mkdir()
    (root / "proc/cpuinfo").write_text("flags\t\t: fpu vmx sse2\n")
    (root / "dev").mkdir()
    (root / "dev/vboxdrv").touch()
    (root / "sys/module/kvm_intel").mkdir(parents=True)
    if held:
        (root / "sys/module/kvm/parameters").mkdir(parents=True)
        (root / "sys/module/kvm/parameters/enable_virt_at_load").write_text(f"{held}\n")
    return root


@pytest.mark.parametrize(
    ("version", "held", "words"),
    [
        ((7, 1, 6), "Y", "KVM holds"),
        ((7, 1, 6), "N", ""),
        ((7, 1, 6), "", ""),
        ((7, 2, 22), "Y", ""),
        ((7, 2, 22), "N", "keeps the processor's virtualization disabled"),
        ((7, 2, 22), "", ""),
    ],
)
def test_kvm_beside_virtualbox(
    tmp_path: Path, version: tuple[int, int, int], held: str, words: str
) -> None:
    """Since Linux 6.12 KVM takes the processor at once; since 7.2.10 VirtualBox needs it to."""
    notes = driver.notes(version, root=_host(tmp_path, held=held))
    assert len(notes) == bool(words)
    assert words in "".join(notes)


def test_a_host_without_driver_or_virtualization(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("flags\t\t: fpu sse2\n")
    driverless, switched_off = driver.notes((7, 2, 22), root=tmp_path)
    assert "/dev/vboxdrv" in driverless
    assert "firmware" in switched_off
    assert driver.notes((7, 2, 22), root=tmp_path / "no-linux") == ()
