"""Translate VirtualBox's refusals into abcd-run's errors."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from abcd_run.errors import AbcdRunError, LaunchFailed, NameTaken

NOT_READY = "The object is not ready"
LOCKED = (
    "VBOX_E_INVALID_OBJECT_STATE",
    "0x80bb0007",
    "already has a lock request pending",
    # While a machine's process comes or goes: about one answer in five.
    NOT_READY,
    "VBOX_E_INVALID_SESSION_STATE",
    "0x80bb000b",
    "Failed to get a console object from the direct session",
    "The session is not locked",
)
GONE = ("VBOX_E_OBJECT_NOT_FOUND", "0x80bb0001")
IN_USE = ("VBOX_E_OBJECT_IN_USE", "0x80bb000c")
BROKEN = ("E_ACCESSDENIED", "0x80070005")
ENDED = "has terminated unexpectedly during startup"
FORWARD = ("VERR_NAT_REDIR_SETUP", "failed to set up redirection")

ANY = "any"
"""The key of a remedy that is the same on every system."""

_ERROR = re.compile(r"^(?:VBoxManage(?:\.exe)?: error|VBoxHeadless): (.*)$")
_MACHINE = re.compile(r"^(?:Machine settings file|A machine named|Machine) '.*already exists")


class Refused(LaunchFailed):
    """VBoxManage failed; `text` is its whole output."""

    def __init__(self, message: str, *, text: str, details: str = "", remedy: str = "") -> None:
        super().__init__(message, details=details, remedy=remedy)
        self.text = text

    @property
    def locked(self) -> bool:
        """Whether another session is using the machine."""
        return _any(LOCKED, self.text)

    @property
    def gone(self) -> bool:
        """Whether no such machine or medium exists."""
        return _any(GONE, self.text)

    @property
    def unknown_option(self) -> bool:
        """Whether this VirtualBox is too old for an option."""
        return "Unknown option" in self.text

    @property
    def broken(self) -> bool:
        """Whether the machine is registered but its files are missing."""
        return _any(BROKEN, self.text) and NOT_READY not in self.text


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some strings in VirtualBox's output mean, and the remedy on each system."""

    signs: tuple[str, ...]
    message: str
    remedies: Mapping[str, str]

    def remedy(self, platform: str) -> str:
        """Return the remedy for a platform."""
        return self.remedies.get(platform, self.remedies.get(ANY, "abcd-run doctor"))


DRIVER = (
    "sudo /sbin/vboxconfig, or with Debian's packages: sudo apt install virtualbox-dkms "
    "linux-headers-$(uname -r) && sudo modprobe vboxdrv"
)
HYPER_V = (
    "bcdedit /set hypervisorlaunchtype off in an administrator's prompt, then restart; "
    "and turn off Memory Integrity in Windows Security"
)
NO_KVM = (
    "sudo modprobe -r kvm_intel kvm_amd kvm; to make it permanent: "
    "echo 'options kvm enable_virt_at_load=0' | sudo tee /etc/modprobe.d/virtualbox.conf"
)
KVM_ON = (
    "remove enable_virt_at_load=0 from /etc/modprobe.d and the kernel's command line, then restart"
)
FIRMWARE = "enable virtualization (VT-x, AMD-V, SVM) in the computer's firmware settings"

MEANINGS = (
    Meaning(
        ("VERR_VM_DRIVER_NOT_INSTALLED", "Error -1908", "rc=-1908", "Kernel driver not installed"),
        "its kernel driver is not loaded",
        {
            "linux": DRIVER,
            "win32": "sc.exe start vboxsup as administrator, or reinstall VirtualBox",
            "darwin": "allow Oracle's system extension in System Settings, Privacy & Security, "
            "then restart",
        },
    ),
    Meaning(
        ("VERR_VM_DRIVER_NOT_ACCESSIBLE", "Error -1909", "rc=-1909"),
        "this user may not use its kernel driver",
        {ANY: "reinstall VirtualBox as administrator"},
    ),
    Meaning(
        ("VERR_VM_DRIVER_VERSION_MISMATCH", "Error -1912", "rc=-1912"),
        "its kernel driver has a different version",
        {"linux": "sudo /sbin/vboxconfig", ANY: "reinstall VirtualBox, then restart"},
    ),
    Meaning(
        ("VERR_VMX_IN_VMX_ROOT_MODE", "VERR_SVM_IN_USE", "VERR_SUPDRV_NO_RAW_MODE_HYPER_V_ROOT"),
        "another hypervisor is using hardware virtualization",
        {"linux": NO_KVM, "win32": HYPER_V, ANY: "end the other hypervisor"},
    ),
    Meaning(
        ("VERR_SVM_HOST_SVME_NOT_ENABLED", "VERR_VMX_HOST_"),
        "KVM is loaded, but configured not to enable hardware virtualization",
        {ANY: KVM_ON},
    ),
    Meaning(
        ("_VMX_DISABLED", "VERR_SVM_DISABLED"),
        "hardware virtualization is disabled",
        {ANY: FIRMWARE},
    ),
    Meaning(
        ("VERR_VMX_NO_VMX", "VERR_SVM_NO_SVM", "VERR_NEM_NOT_AVAILABLE"),
        "this host has no hardware virtualization",
        {
            "win32": f"{HYPER_V}; else {FIRMWARE}",
            "darwin": "x86 images need a Mac with an Intel processor",
            ANY: f"{FIRMWARE}; inside a virtual machine, enable nested virtualization",
        },
    ),
    Meaning(
        ("VERR_NEM_VM_CREATE_FAILED", "VERR_NEM_MISSING_KERNEL_API"),
        "the Windows hypervisor rejects the machine",
        {ANY: HYPER_V},
    ),
    Meaning(
        ("VERR_NO_MEMORY", "VERR_EM_NO_MEMORY", "VERR_MAP_FAILED"),
        "the host does not have enough free memory",
        {ANY: "close other programs, or lower --memory"},
    ),
    Meaning(("VERR_DISK_FULL",), "the disk is full", {ANY: "free some disk space, then retry"}),
    Meaning(
        IN_USE, "the medium is in use by another machine", {ANY: "VBoxManage list --long dvds"}
    ),
    Meaning(
        LOCKED,
        "the machine is in use by another session",
        {ANY: "close its window in VirtualBox, then retry"},
    ),
)


def refused(text: str, *, doing: str, platform: str = sys.platform) -> AbcdRunError:
    """Return the error that VirtualBox's output means; its first line is readable."""
    brief = f"virtualbox could not {doing}"
    said = spoken(text)
    if said and _MACHINE.match(said[0]):
        return NameTaken(f"{brief}: the name is already in use", details=said[0])
    for meaning in MEANINGS:
        if _any(meaning.signs, text):
            message, remedy = f"{brief}: {meaning.message}", meaning.remedy(platform)
            return Refused(message, text=text, details="\n".join(said), remedy=remedy)
    return Refused(brief, text=text, details="\n".join(said), remedy="abcd-run doctor")


def spoken(text: str) -> list[str]:
    """Return the lines that describe the problem, without codes and source locations."""
    errors = [match[1] for line in text.splitlines() if (match := _ERROR.match(line.strip()))]
    said = [line for line in errors if not line.startswith(("Details: ", "Context: ", "Tip! "))]
    return said or [line for line in text.splitlines() if line.strip()][-3:]


def _any(signs: tuple[str, ...], text: str) -> bool:
    return any(sign in text for sign in signs)
