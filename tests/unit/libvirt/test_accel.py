"""KVM is used where it works, not merely where its device exists."""

from pathlib import Path

import pytest

from abcd_run_libvirt.accel import kvm_problem

INTEL = "processor\t: 0\nflags\t\t: fpu vme de pse tsc msr vmx smx est\n"
AMD = "processor\t: 0\nflags\t\t: fpu vme de pse tsc msr svm\n"
NEITHER = "processor\t: 0\nflags\t\t: fpu vme hypervisor vmx_like\nbugs\t\t: vmx svm\n"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "kvm"
    path.touch()
    return path


@pytest.mark.parametrize("flags", [INTEL, AMD])
def test_a_processor_that_can(device: Path, tmp_path: Path, flags: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(flags)
    assert kvm_problem(device, cpuinfo) == ""


def test_a_device_without_such_a_processor(device: Path, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(NEITHER)
    assert "neither vmx nor svm" in kvm_problem(device, cpuinfo)
    assert "neither vmx nor svm" in kvm_problem(device, tmp_path / "nothing")


def test_no_device(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(INTEL)
    assert "does not exist" in kvm_problem(tmp_path / "kvm", cpuinfo)


def test_a_device_of_others(device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(INTEL)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "usermod" in kvm_problem(device, cpuinfo)
