"""Find out whether KVM works here or machines must be emulated."""

import os
import re
from pathlib import Path

DEVICE = Path("/dev/kvm")
CPUINFO = Path("/proc/cpuinfo")
COST = "machines are emulated, which makes them 5 to 20 times slower"


def kvm_problem(device: Path = DEVICE, cpuinfo: Path = CPUINFO) -> str:
    """Return why KVM cannot be used; empty if it can.

    The device alone proves nothing: some hosts have it although their processor cannot virtualise,
    and guests then hang. psutil does not report the processor's flags.
    """
    if not device.exists():
        return f"{device} does not exist"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"you may not open {device} (sudo usermod -aG kvm $USER)"
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(), re.MULTILINE)
    except OSError:
        flags = None
    if flags is None or not {"vmx", "svm"} & set(flags[1].split()):
        return f"{device} exists, but the processor reports neither vmx nor svm"
    return ""
