"""Real output of VirtualBox, shortened, with short names and paths.

Unless stated otherwise, it is from VirtualBox 7.2.22 on Linux, the engine of these tests. Output
from Windows, macOS or older versions was published by others; each piece names its source.
"""

VERSION = "7.2.22_Debianr175245\n"

# Debian's wrapper prints this on standard output, before every answer.
WARNED = (
    "WARNING: The character device /dev/vboxdrv does not exist.\n"
    "\t Please install the virtualbox-dkms package and the appropriate\n"
    "\t headers, most likely linux-headers-v669.\n"
    "\n"
    "\t You will not be able to start VMs until this problem is fixed.\n"
    "7.2.22_Debianr175245\n"
)

SHOWN = """\
name="tiny\\"q\\\\x"
groups="/abcd-run"
UUID="08a18738-0715-4908-ac90-708d57d9d58e"
CfgFile="/home/user/VirtualBox VMs/abcd-run/tiny/tiny.vbox"
memory=64
boot1="dvd"
VMState="running"
"SATA-0-0"="/home/user/live=1.iso"
"SATA-1-0"="none"
Forwarding(0)="port-8080,tcp,127.0.0.1,44801,,8080"
Forwarding(1)="port-22,tcp,,44802,,22"
VideoMode="720,400,0"@0,0 1
VRDEClients==0
 rec_screen0
"""

# github.com/hashicorp/vagrant/issues/10989, VirtualBox on Windows 10
SHOWN_ON_WINDOWS = (
    'name="crm_default_1559076926671_8834"\r\n'
    'groups="/"\r\n'
    'UUID="59f30729-40e4-4736-aa19-d69fc5450236"\r\n'
    'CfgFile="C:\\\\Users\\\\mike\\\\VirtualBox VMs\\\\crm_default\\\\crm_default.vbox"\r\n'
    "memory=4096\r\n"
    'VMState="running"\r\n'
)

LISTED = """\
"tryvb"q\\x" {08a18738-0715-4908-ac90-708d57d9d58e}
"<inaccessible>" {1b346b0e-3918-4fb3-a3ff-e56826a6dbfd}
"""

BROKEN = """\
Name:            <inaccessible!>
UUID:            08a18738-0715-4908-ac90-708d57d9d58e
Config file:     /home/user/VirtualBox VMs/abcd-run/gone/gone.vbox
Encryption:     disabled
Access error details:

"""

EXTRA = """\
Key: GUI/LastNormalWindowPosition, Value: 0,0,720,458
Key: abcd-run.profile, Value: {"a":"b, Value: c","é":1}
"""

ENDED = """\
VBoxManage: error: The virtual machine 'probe1' has terminated unexpectedly during startup \
with exit code 1 (0x1)
VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component MachineWrap, \
interface IMachine
"""
NO_DRIVER = """\
VBoxHeadless: Error -1908 in suplibOsInit!
VBoxHeadless: Kernel driver not installed

VBoxHeadless: Tip! Make sure the kernel module is loaded. It may also help to reinstall VirtualBox.
"""
LOCKED = """\
VBoxManage: error: Cannot unregister the machine 'tryvb' while it is locked
VBoxManage: error: Details: code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap, \
interface IMachine, callee nsISupports
"""
UNKNOWN = """\
VBoxManage: error: Could not find a registered machine named 'x'
VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap, \
interface IVirtualBox, callee nsISupports
"""
TAKEN = """\
VBoxManage: error: Machine settings file '/home/user/VirtualBox VMs/x/x.vbox' already exists
VBoxManage: error: Details: code VBOX_E_FILE_ERROR (0x80bb0004), component MachineWrap, \
interface IMachine, callee nsISupports
"""
NO_PORT = (
    "00:00:02.114888 VMSetError: DrvNAT.cpp(991) int drvNATNotifyApplyPortForwardCommand(); "
    "rc=VERR_NAT_REDIR_SETUP\n"
    "00:00:02.114891 VMSetError: NAT#0: configuration error: failed to set up redirection of 8087 "
    "to 8080. Probably a conflict with existing services or other rules\n"
)

ELSEWHERE = {
    # github.com/sayan801/virtualMachineSamples/issues/24, Linux
    "a different version": "RTR3InitEx failed with rc=-1912 (rc=-1912)\n"
    "The VirtualBox kernel modules do not match this version of VirtualBox.",
    # github.com/NixOS/nixpkgs/issues/363887, Linux 6.12
    "another hypervisor": "VirtualBox can't operate in VMX root mode. Please disable the KVM "
    "kernel extension, recompile your kernel and reboot (VERR_VMX_IN_VMX_ROOT_MODE).",
    # github.com/VirtualBox/virtualbox/issues/711, VirtualBox 7.2.10 on Linux
    "configured not to": "VBoxManage: error: Host API has not enabled SVME bit in EFER MSR. "
    "(VERR_SVM_HOST_SVME_NOT_ENABLED)\n"
    "VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component ConsoleWrap, "
    "interface IConsole",
    # github.com/sisoputnfrba/foro/issues/2892, Windows
    "is disabled": "Not in a hypervisor partition (HVP=0) (VERR_NEM_NOT_AVAILABLE).\n"
    "VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED).",
    # github.com/hashicorp/vagrant/issues/12484, Windows 10
    "no hardware virtualization": "VBoxManage.exe: error: Not in a hypervisor partition (HVP=0) "
    "(VERR_NEM_NOT_AVAILABLE).\n"
    "VBoxManage.exe: error: VT-x is not available (VERR_VMX_NO_VMX)\n"
    "VBoxManage.exe: error: Details: code E_FAIL (0x80004005), component ConsoleWrap",
    # github.com/docker-archive/toolbox/issues/848, Windows 10 1903
    "the Windows hypervisor": "VBoxManage.exe: error: Call to WHvSetupPartition failed: "
    "ERROR_SUCCESS (Last=0xc000000d/87) (VERR_NEM_VM_CREATE_FAILED)\n"
    "VBoxManage.exe: error: Details: code E_FAIL (0x80004005), component ConsoleWrap",
    # github.com/unige-geohealth/accessmod/issues/373, macOS 11
    "kernel driver is not loaded": "Kernel driver not installed (rc=-1908)\n"
    "Make sure the kernel module has been loaded successfully.\n"
    "where: suplibOslnit what: 3 VERR_VM_DRIVER_NOT_INSTALLED (-1908)",
}
"""Refusals on other hosts, by words of their meaning."""

# While a machine's process ends (7.2).
NOT_READY = """\
VBoxManage: error: The object is not ready
VBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component SessionMachine
"""

# A machine that is registered, and whose files are gone (7.2).
INACCESSIBLE = """\
VBoxManage: error: The object functionality is limited
VBoxManage: error: Details: code E_ACCESSDENIED (0x80070005), component MachineWrap
"""
