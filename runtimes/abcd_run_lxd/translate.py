"""Translate a plan into the configuration and the devices of an LXD instance."""

import os
from collections.abc import Mapping

from abcd_run import variables
from abcd_run.backend import container_rights, record
from abcd_run.errors import UsageError
from abcd_run.model import Plan
from abcd_run_lxd import environment
from abcd_run_lxd.environment import COMMAND, Environment
from abcd_run_lxd.images import Image
from abcd_run_lxd.placement import Device, Placement
from abcd_run_lxd.shares import Ownership

PORTS = "abcd-run-ports"
"""The only proxy device, with all ports: LXD waits a full second for each such device."""

SHM = 64 << 20
"""Default size of /dev/shm in bytes, as with Docker and Podman; LXD has no default."""

PROCESSES = 4096
"""The limit of processes and threads per instance: a desktop needs less than a tenth."""

NOT_INSIDE = (
    "audit_control audit_read block_suspend linux_immutable mac_admin mac_override sys_module"
    " sys_pacct sys_rawio sys_time syslog wake_alarm"
)
"""Capabilities that only matter on the host, or nowhere: no init inside can use them."""

PERIOD = 100
"""The scheduling period in milliseconds, for an instance's share of the cpus."""

PASSWORD = "user.abcd-run-password"  # noqa: S105  (a key)
"""The key of the password, for its owner: LXD does not pass such keys to programs."""

OWNER = "user.abcd-run-owner"
"""The key of the launching user's uid: all members of LXD's group see the same instances."""

LABEL, ENVIRONMENT = "user.", "environment."
PRIVILEGED = "security.privileged"
ONE_LINE = ("limits.", "linux.")
"""Prefixes of keys whose values LXD writes verbatim into LXC's line-based file."""


def config(plan: Plan, image: Image, ownership: Ownership, *, low_level: bool) -> dict[str, str]:
    """Return the configuration; with `low_level`, also settings only LXC has, such as /dev/shm."""
    own = _own(plan)
    keys = {LABEL + key: value for key, value in record.labels(plan).items()}
    keys[OWNER] = str(os.getuid())
    keys[PASSWORD] = plan.environment()[environment.PASSWORD]
    given = environment.of_plan(plan, image, low_level=low_level)
    keys |= {ENVIRONMENT + key: value for key, value in given.shown.items()}
    # After a reboot of the host it counts as left over, as with the other runtimes.
    keys["boot.autostart"] = "false"
    keys[PRIVILEGED] = "false"
    # Not security.idmap.isolated: when two instances are created at once, LXD 5.0 may give one of
    # them uids outside its range, or another instance's.
    keys["limits.processes"] = str(PROCESSES)
    keys["limits.kernel.nofile"] = str(container_rights.open_files())
    if plan.resources.memory:
        keys["limits.memory"] = str(plan.resources.memory)
    if plan.resources.cpus:
        keys["limits.cpu.allowance"] = f"{int(plan.resources.cpus * PERIOD)}ms/{PERIOD}ms"
    if ownership.idmap:
        keys["raw.idmap"] = ownership.idmap
    lines = [own.pop("raw.lxc", ""), *_low_level(plan, given, always=low_level)]
    if text := "\n".join(filter(None, lines)):
        keys["raw.lxc"] = text
    return _in_lines({**keys, **own})


def _own(plan: Plan) -> dict[str, str]:
    """Return the profile's own configuration, which `options` has already checked."""
    given = plan.options.get("config") or {}
    assert isinstance(given, Mapping)
    own = {str(key): _text(value) for key, value in given.items()}
    if own.get(PRIVILEGED, "false") != "false" and not plan.rootful:
        raise UsageError(
            f"{plan.profile}: on.lxd.config: {PRIVILEGED} requires --rootful",
            details="root inside would be root of this host",
            remedy='leave it out; "security.nesting" is enough for containers inside',
        )
    return own


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _low_level(plan: Plan, given: Environment, *, always: bool) -> list[str]:
    """Return lines of LXC's own configuration."""
    lines = []
    if always or plan.resources.shm:
        options = f"rw,nosuid,nodev,mode=1777,create=dir,size={plan.resources.shm or SHM}"
        lines += [f"lxc.mount.entry = tmpfs dev/shm tmpfs {options} 0 0"]
    if always:
        lines += [f"lxc.cap.drop = {NOT_INSIDE}"]
    if plan.command:
        # LXC splits the line at spaces and has no quoting.
        lines += [f'lxc.init.cmd = /bin/sh -c eval${{IFS}}"${COMMAND}"']
    return lines + given.lines()


def _in_lines(keys: dict[str, str]) -> dict[str, str]:
    """Check what LXD writes into LXC's line-based file, from any source. Raises `UsageError`."""
    for key, value in keys.items():
        if key.startswith(ENVIRONMENT):
            environment.check(key.removeprefix(ENVIRONMENT), value)
        if not variables.is_one_line(key + value if key.startswith(ONE_LINE) else key):
            raise UsageError(f"on.lxd.config: {key!r} contains line breaks", remedy="leave it out")
    return keys


def devices(
    plan: Plan, placement: Placement, ownership: Ownership, ports: Mapping[int, int]
) -> dict[str, Device]:
    """Return the devices by name; `ports` maps ports inside to the chosen host ports."""
    named: dict[str, Device] = {}
    if placement.root is not None:
        root = {**placement.root, "type": "disk", "path": "/", "pool": placement.pool}
        named["root"] = {**root, "size": str(plan.resources.disk)} if plan.resources.disk else root
    named |= {name: dict(card) for name, card in placement.cards.items()}
    if ports:
        named[PORTS] = _proxy(plan.address, ports)
    for number, share in enumerate(plan.shares, start=1):
        disk = {"type": "disk", "source": str(share.source), "path": share.target}
        if share.read_only:
            disk["readonly"] = "true"
        if ownership.shift:
            disk["shift"] = "true"
        named[f"share-{number}"] = disk
    return named


def _proxy(address: str, ports: Mapping[int, int]) -> Device:
    host = f"[{address}]" if ":" in address else address
    listed = (",".join(map(str, numbers)) for numbers in (ports.values(), ports.keys()))
    outside, inside = listed
    return {
        "type": "proxy",
        "bind": "host",
        "listen": f"tcp:{host}:{outside}",
        "connect": f"tcp:127.0.0.1:{inside}",
    }


def published(devices: Mapping[str, Device]) -> dict[int, tuple[str, int]]:
    """Read the proxy device: ports inside, and their addresses and ports on the host."""
    device = devices.get(PORTS)
    if device is None:
        return {}
    address, _, outside = device["listen"].removeprefix("tcp:").rpartition(":")
    inside = device["connect"].rpartition(":")[2]
    pairs = zip(_numbers(inside), _numbers(outside), strict=False)
    return {port: (address.strip("[]"), number) for port, number in pairs}


def _numbers(listed: str) -> list[int]:
    return [int(number) for number in listed.split(",") if number.isdigit()]


def labels(config: Mapping[str, str]) -> dict[str, str]:
    """Read the labels from the configuration."""
    prefix = LABEL + record.PREFIX
    return {key[len(LABEL) :]: config[key] for key in config if key.startswith(prefix)}
