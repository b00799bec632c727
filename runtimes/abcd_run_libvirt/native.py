"""The commands a person would type to carry out a plan."""

import shlex

from abcd_run.backend.vm import here_document
from abcd_run_libvirt.translate import Design, xml


def lines(design: Design, *, commands: list[str], seed: dict[str, str]) -> str:
    """Return shell lines that create the seed CD, the domain and its port forwards."""
    folder = shlex.quote(str(design.folder.path))
    typed = [f"(umask 077; mkdir -p {folder})"]
    for name, content in seed.items():
        typed += here_document(f"cat >{folder}/{name}", content)
    names = " ".join(f"-map {folder}/{name} /{name}" for name in seed)
    typed += [
        f"xorriso -outdev {shlex.quote(str(design.folder.seed))} -volid cidata -joliet on {names}",
        *here_document("virsh --connect qemu:///session create /dev/stdin", xml(design)),
    ]
    for command in commands:
        line = ["virsh", "--connect", "qemu:///session", "qemu-monitor-command", "--hmp"]
        typed += [shlex.join([*line, design.plan.name, command])]
    return "\n".join(typed)
