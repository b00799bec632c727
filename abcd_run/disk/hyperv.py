"""The script that makes a machine of Hyper-V from a disk that lies beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from abcd_run.disk.machine import MIB, for_uefi

if TYPE_CHECKING:
    from collections.abc import Iterable

    from abcd_run.disk.machine import Machine

SUFFIX: Final = ".ps1"
"""Of the script's name, after the disk's: the script finds the disk by that."""

SCRIPT: Final = """\
# Make a machine of Hyper-V from the disk beside this script, and start it. In PowerShell:
#   powershell -ExecutionPolicy Bypass -File .\\THIS-FILE
# as an administrator, or a member of the group Hyper-V Administrators.
{notes}
param([string]$Name = '{name}', [string]$Switch = 'Default Switch')
$ErrorActionPreference = 'Stop'
$disk = $PSCommandPath.Substring(0, $PSCommandPath.Length - {suffix})
New-VM -Name $Name -Generation 2 -MemoryStartupBytes {memory} -VHDPath $disk -SwitchName $Switch
Set-VM -Name $Name -StaticMemory -ProcessorCount {cpus} -CheckpointType Disabled
# Debian's kernel is signed, the boot loader that starts it is not.
Set-VMFirmware -VMName $Name -EnableSecureBoot Off
{drives}Start-VM -Name $Name
"""

DRIVE: Final = "Add-VMDvdDrive -VMName $Name -Path (Join-Path $PSScriptRoot '{name}')\n"


def script(machine: Machine, *, cds: Iterable[str] = ()) -> str:
    """Return the script; its lines end as those of Windows do. Files in `cds` lie beside it."""
    text = SCRIPT.format(
        notes="\n".join(f"# {line}" for line in machine.notes),
        name=machine.name,
        suffix=len(SUFFIX),
        memory=for_uefi(machine) * MIB,
        cpus=machine.cpus,
        drives="".join(DRIVE.format(name=name.replace("'", "''")) for name in cds),
    )
    return text.replace("\n", "\r\n")
