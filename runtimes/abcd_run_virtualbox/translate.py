"""Translate a plan into the VBoxManage commands that create one machine."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from abcd_run.backend import record
from abcd_run.model import Plan
from abcd_run_virtualbox import MEMORY

GROUP = "/abcd-run"
"""The group that marks our machines, including those whose launch was killed half-way."""

CONTROLLER = "SATA"
DISCS = ("iso", "seed")
"""The discs in the drives, in order: VirtualBox boots from the first."""

MEBIBYTE = 1 << 20
VIDEO_MEMORY = 64
"""Mebibytes that VMSVGA needs for a large screen."""

FIRMWARE = {"bios": "bios", "uefi": "efi"}
"""VirtualBox's names for our firmware options."""

DISPLAY = {"none": "headless", "window": "gui", "vnc": "headless"}
"""What shows the screen, and the front end that starts the machine."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The folder, ports and disc of a new machine.

    `ports` maps ports inside to host ports; `screen` is the port of its VNC server, or 0.
    """

    folder: Path
    iso: Path
    ports: dict[int, int]
    screen: int = 0

    @property
    def seed(self) -> Path:
        """The seed CD, which identifies the machine."""
        return self.folder / "seed.iso"

    @property
    def console(self) -> Path:
        """The output of its serial port."""
        return self.folder / "console.log"


def _chosen(plan: Plan, key: str, known: Mapping[str, str]) -> str:
    """Return VirtualBox's word for an option; the first if the plan does not set it."""
    return known[str(plan.options.get(key, next(iter(known))))]


def has_server(plan: Plan) -> bool:
    """Say whether the machine's screen has a server of its own."""
    return plan.options.get("display") == "vnc"


def creation(plan: Plan) -> list[str]:
    """Return the line that creates and registers the machine."""
    return [
        "createvm",
        "--name",
        plan.name,
        "--groups",
        GROUP,
        "--ostype",
        "Linux_64",
        "--register",
    ]


def shape(plan: Plan, there: Machine, machine: str) -> list[list[str]]:
    """Return the lines that give a registered machine its hardware, discs and labels."""
    lines = [
        [
            "modifyvm", machine,
            *_hardware(plan),
            *_serial(there),
            *_network(plan, there),
        ],
        ["storagectl", machine, "--name", CONTROLLER, "--add", "sata", "--portcount", "2"],
    ]  # fmt: skip
    for port, disc in enumerate((there.iso, there.seed)):
        lines += [
            [
                "storageattach", machine,
                "--storagectl", CONTROLLER,
                "--port", str(port),
                "--type", "dvddrive",
                "--medium", str(disc),
            ]
        ]  # fmt: skip
    # The mark comes last: until then the machine counts as unfinished.
    lines += [["setextradata", machine, *label] for label in reversed(record.labels(plan).items())]
    return lines


def _hardware(plan: Plan) -> list[str]:
    resources = plan.resources
    return [
        "--memory", str(math.ceil((resources.memory or MEMORY) / MEBIBYTE)),
        "--cpus", str(max(1, math.ceil(resources.cpus or 1))),
        "--firmware", _chosen(plan, "firmware", FIRMWARE),
        "--ioapic", "on",
        "--rtcuseutc", "on",
        "--graphicscontroller", "vmsvga",
        "--vram", str(VIDEO_MEMORY),
        "--boot1", "dvd", "--boot2", "none", "--boot3", "none", "--boot4", "none",
        "--defaultfrontend", _chosen(plan, "display", DISPLAY),
        "--vrde", "off",
    ]  # fmt: skip


def _serial(there: Machine) -> list[str]:
    return ["--uart1", "0x3F8", "4", "--uartmode1", "file", str(there.console)]


def _network(plan: Plan, there: Machine) -> list[str]:
    line = ["--nic1", "nat"]
    for inside, port in there.ports.items():
        line += ["--natpf1", f"port-{inside},tcp,{plan.address},{port},,{inside}"]
    return line


def closing(machine: str) -> list[str]:
    """Return the line that keeps a machine off the host's loopback; needs VirtualBox 7.0.

    Otherwise it could reach, through 10.0.2.2, everything there that its owner can.
    """
    return ["modifyvm", machine, "--nat-localhostreachable1", "off"]


def screen(plan: Plan, there: Machine, machine: str) -> list[str]:
    """Return the line that opens a VNC server on the machine's screen, with the password."""
    return [
        "modifyvm", machine,
        "--vrde", "on",
        "--vrdeextpack", "VNC",
        "--vrdeaddress", plan.address,
        "--vrdeport", str(there.screen),
        "--vrdeproperty", f"VNCPassword={plan.seed.password}",
    ]  # fmt: skip
