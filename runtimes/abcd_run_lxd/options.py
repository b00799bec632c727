"""The options that a profile may set under `[on.lxd]`, and those that are safe for the host.

LXD's daemon is root: with `raw.lxc` alone, a profile could run any program as root on the host.
What is listed here is allowed; everything else requires `--rootful`.
"""

import re
from collections.abc import Mapping
from typing import Any

from abcd_run.runtime import Option, Problem
from abcd_run.schema import CONTROL, Rule, Wrong

KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
_SWITCH = r"true|false"
_AMOUNT = r"[0-9]+(\.[0-9]+)?[A-Za-z%]*"
ALLOWED = {
    # Root inside stays unprivileged; the kernel isolates its proc and sys.
    r"security\.nesting": _SWITCH,
    r"security\.devlxd": _SWITCH,
    r"security\.idmap\.isolated": _SWITCH,
    r"limits\.cpu": r"[0-9]+([,-][0-9]+)*",
    r"limits\.cpu\.allowance": r"[0-9]+%|[0-9]+ms/[0-9]+ms",
    r"limits\.(cpu|disk|network)\.priority": r"[0-9]|10",
    r"limits\.memory": _AMOUNT,
    r"limits\.memory\.enforce": r"hard|soft",
    r"limits\.memory\.swap": _SWITCH,
    r"limits\.memory\.swap\.priority": r"[0-9]|10",
    r"limits\.processes": r"[0-9]+",
    r"limits\.hugepages\.[0-9]+[KMG]B": _AMOUNT,
    r"limits\.kernel\.[a-z]+": r"([0-9]+|unlimited)(:([0-9]+|unlimited))?",
    # Only programs inside read these.
    r"user\.[A-Za-z0-9_.-]+": r"(?s).*",
    r"cloud-init\.[a-z-]+": r"(?s).*",
}
"""The allowed keys of an instance's configuration, and their allowed values."""

LINES = ("raw.", "user.", "cloud-init.")
"""The keys whose values may span lines: LXD copies the others into line-based files."""

OURS = "user.abcd-run"
"""The prefix of the keys that identify an instance and its owner."""


def _config(value: object) -> object:
    """Return LXD's configuration as strings, none of which can turn into another key."""
    if not isinstance(value, dict):
        raise Wrong
    return {key: _text(key, inner) for key, inner in value.items()}


def _text(key: str, value: object) -> str:
    if not KEY.fullmatch(key) or key.startswith(OURS) or not isinstance(value, str | int | float):
        raise Wrong
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if CONTROL.search(re.sub(r"[\n\t]", "", text) if key.startswith(LINES) else text):
        raise Wrong
    return text


CONFIG = Rule(
    f"a table of LXD keys, none starting with {OURS}, with one-line values "
    f"(several lines for {', '.join(LINES)})",
    _config,
)

OPTIONS: Mapping[str, Option] = {
    "profiles": Option(list, "LXD's own profiles", "default"),
    "pool": Option(str, "the storage pool of its disk", "the profiles', else the first"),
    "network": Option(str, "a managed network, or `none`", "the profiles', else a bridge"),
    "config": Option(CONFIG, "keys of LXD's configuration, as listed below", "none"),
}


def trusts(options: Mapping[str, object]) -> Problem | None:
    """Return the option that could give an instance more rights than its user; None if none can."""
    config = options.get("config") or {}
    assert isinstance(config, Mapping)
    refused = next((key for key, value in config.items() if not _allowed(key, value)), None)
    if refused is None:
        return None
    return Problem(
        f"config: {refused} = {config[refused]!r} is not a setting that a profile may make",
        f"remove {refused}; docs/runtimes.md lists what a profile may set",
    )


def _allowed(key: str, value: object) -> bool:
    values = [values for pattern, values in ALLOWED.items() if re.fullmatch(pattern, key)]
    return any(re.fullmatch(pattern, str(value)) for pattern in values)


def trusts_profile(facts: Mapping[str, Any]) -> bool:
    """Say whether one of LXD's own profiles grants no more than a network and a disk."""
    devices = facts["devices"].values()
    return all(_allowed(*pair) for pair in facts["config"].items()) and all(map(_plain, devices))


def _plain(device: Mapping[str, str]) -> bool:
    kind = device["type"]
    if kind == "disk":
        return device.get("path") == "/" and "source" not in device
    return kind == "none" or (
        kind == "nic" and ("network" in device or device.get("nictype") == "bridged")
    )
