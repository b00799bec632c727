"""Parse VBoxManage's output, skipping warnings that its drivers print in between."""

import re
from collections.abc import Mapping

from abcd_run.limits import TEXT_BYTES

INACCESSIBLE = "<inaccessible>"
"""The name that `list vms` gives a machine whose files cannot be read."""

_VERSION = re.compile(r"^(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_STRING = r'"(?:[^"\\]|\\.)*"'
_FACT = re.compile(
    # A string may span lines, and none of those is a fact. Otherwise a machine's description could
    # claim where its files are.
    rf'^(?:"(?P<quoted>[^"\n]*)"|(?P<bare>[^"=\n]+))=(?P<value>{_STRING}[^\n]*|[^\n]*)$',
    re.MULTILINE | re.DOTALL,
)
_FORWARD = re.compile(r"(?:.*,)?tcp,([0-9.]*),(\d{1,5}),[^,]*,(\d{1,5})", re.DOTALL)
_LISTED = re.compile(r'^"(?P<name>.*)" \{(?P<uuid>[0-9a-f-]{36})\}$', re.MULTILINE)
_EXTRA = re.compile(r"^Key: (?P<key>.*?), Value: (?P<value>.*)$", re.MULTILINE)
_CREATED = re.compile(r"^UUID: ([0-9a-f-]{36})", re.MULTILINE)
_FOLDER = re.compile(r"^Default machine folder:\s+(.+)$", re.MULTILINE)
_BROKEN = re.compile(
    r"^Name:\s+<inaccessible!>\s+UUID:\s+(?P<uuid>[0-9a-f-]{36})\s+Config file:\s+(?P<file>.+)$",
    re.MULTILINE,
)


def version(text: str) -> tuple[int, int, int] | None:
    """Return the version from `--version`: `7.2.22_Debianr175245` is 7, 2, 22."""
    versions = _VERSION.findall(text)
    if not versions:
        return None
    major, minor, patch = versions[-1]
    return int(major), int(minor), int(patch)


def facts(text: str) -> dict[str, str]:
    """Parse `showvminfo --machinereadable`, without quotes; the first value of each name counts."""
    facts: dict[str, str] = {}
    for match in _FACT.finditer(_lines(text)):
        facts.setdefault(match["quoted"] or match["bare"] or "", _unquoted(match["value"]))
    return facts


def _unquoted(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return re.sub(r'\\(["\\])', r"\1", value[1:-1])
    return value


def machines(text: str) -> dict[str, str]:
    """Return the names from `list vms` by UUID; VirtualBox invents names for missing files."""
    return {match["uuid"]: match["name"] for match in _LISTED.finditer(_lines(text))}


def broken(text: str) -> dict[str, str]:
    """Return the unreadable settings files from `list --long vms`, by UUID."""
    return {match["uuid"]: match["file"].strip() for match in _BROKEN.finditer(_lines(text))}


def noted(text: str) -> dict[str, str]:
    """Return the values from `getextradata … enumerate`."""
    return {match["key"]: match["value"] for match in _EXTRA.finditer(_lines(text))}


def created(text: str) -> str:
    """Return the UUID from `createvm`; empty if it prints none."""
    match = _CREATED.search(_lines(text))
    return match[1] if match else ""


def machine_folder(text: str) -> str:
    """Return the folder for new machines from `list systemproperties`."""
    match = _FOLDER.search(_lines(text))
    return match[1].strip() if match else ""


def forwards(facts: Mapping[str, str]) -> dict[int, tuple[str, int]]:
    """Return the address and port on the host for each forwarded port inside."""
    rules = (value for key, value in facts.items() if key.startswith("Forwarding("))
    return {
        int(rule[3]): (rule[1] or "0.0.0.0", int(rule[2]))  # noqa: S104
        for rule in map(_FORWARD.fullmatch, rules)
        if rule
    }


def _lines(text: str) -> str:
    return text[:TEXT_BYTES].replace("\r\n", "\n")
