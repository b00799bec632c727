"""What a network's loaders read: iPXE's script, pxelinux' menu, and dnsmasq's lines."""

from __future__ import annotations

from typing import Final

SCRIPT: Final = "boot.ipxe"
MENU: Final = "pxelinux.cfg/default"
FILES: Final = ("kernel", "initrd", SCRIPT, MENU, "README")
"""What lies in the folder; nothing else of it is served."""

IPXE: Final = """\
#!ipxe
# {name}: names without an address are looked up beside this script.
kernel kernel initrd=initrd {line} || goto failed
initrd initrd || goto failed
boot || goto failed
:failed
echo {name} does not start: see the message above
sleep 30
exit 1
"""

PXELINUX: Final = """\
DEFAULT {name}
LABEL {name}
  KERNEL kernel
  INITRD initrd
  APPEND {line}
"""

DNSMASQ: Final = """\
# Firmware asks for a boot loader, which TFTP brings: Debian's package ipxe has both.
# cp /usr/lib/ipxe/undionly.kpxe /usr/lib/ipxe/ipxe.efi /srv/tftp/
enable-tftp
tftp-root=/srv/tftp
dhcp-match=set:ipxe,175
dhcp-match=set:efi,option:client-arch,7
dhcp-match=set:efi,option:client-arch,9
dhcp-boot=tag:!ipxe,tag:!efi,undionly.kpxe
dhcp-boot=tag:!ipxe,tag:efi,ipxe.efi
# iPXE asks again, and gets the script by HTTP.
dhcp-boot=tag:ipxe,{url}
"""

README: Final = """\
{name}, started over the network: no disk is read or written, and nothing is kept.

kernel                 the kernel
initrd                 the initrd, which carries the whole system
boot.ipxe              for iPXE, by HTTP or TFTP
pxelinux.cfg/default   for pxelinux (Debian: pxelinux, syslinux-common), by TFTP

A machine needs {memory} MiB of memory, and as much again as the initrd has.

By HTTP: have any web server serve this folder, or type
  abcd-run netboot {name} --address ADDRESS --port 8000
and give the network's dnsmasq these lines, with the server's address:

{dnsmasq}
By TFTP alone: copy this folder to the TFTP server, beside pxelinux.0 and ldlinux.c32.

To try it in QEMU, whose network card has iPXE, beside this folder:
  qemu-system-x86_64 -m {more} -nic user,model=virtio,tftp=.,bootfile=boot.ipxe -boot n

{login}
"""


def script(name: str, line: str) -> str:
    """Return what iPXE runs; `line` are the kernel's arguments."""
    return IPXE.format(name=name, line=line)


def menu(name: str, line: str) -> str:
    """Return pxelinux' menu of one entry."""
    return PXELINUX.format(name=name, line=line)


def dnsmasq(url: str) -> list[str]:
    """Return the lines for a site's dnsmasq, for a script at this address."""
    return DNSMASQ.format(url=url).splitlines()


def readme(name: str, memory: int, *, carried: int, login: str) -> str:
    """Return what to do with the folder; `memory` and the initrd's `carried` are in MiB."""
    lines = [f"  {line}" for line in dnsmasq(f"http://ADDRESS:8000/{SCRIPT}")]
    return README.format(
        name=name,
        memory=memory,
        more=memory + carried,
        dnsmasq="\n".join(lines) + "\n",
        login=login,
    )
