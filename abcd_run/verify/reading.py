"""From what an instance printed to facts that can be compared: no function here does anything else.

A line that is not as it should be becomes a fact of its own, so that it is seen.
"""

import re
from collections.abc import Iterable, Mapping

from abcd_run.oci.packages import LISTS, parsed
from abcd_run.verify.ask import Said
from abcd_run.verify.values import FAILED, Facts

YES = "yes"
LONG_HASH, SHORT_HASH = 64, 16
COLONS_OF_PASSWD, COLONS_OF_GROUP = 7, 4

_ENTRY = re.compile(r"([fd]) (\d+) (\S+)(?: (\d+))? (/.*)")
_LINK = re.compile(r"l '(/.*)' -> '(.*)'")
_HASH = re.compile(r"\\?([0-9a-f]{64})  (/.*)")
_SOCKET = re.compile(r"([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})")
_LOOPBACK = re.compile(r".{6}7F|0{24}01000000|0{16}FFFF0000.{6}7F")
_RESOLVER = re.compile(r"(0{16}FFFF0000)?0B00007F")
"""127.0.0.11: an engine's own name server in the container's network."""

_APK = LISTS["/lib/apk/db/installed"]
_DPKG = LISTS["/var/lib/dpkg/status"]


def failed(said: Said) -> dict[str, str]:
    """Return the fact that a command failed; nothing if it did not."""
    if not said.status:
        return {}
    return {FAILED: f"{said.status}: {said.complaint}" if said.complaint else f"{said.status}"}


def numbered(said: Said) -> Facts:
    """Return lines by their number: their order counts."""
    width = len(str(len(said.lines)))
    facts = {f"line {at:{width}}": line for at, line in enumerate(said.lines, 1)}
    return facts | failed(said)


def assigned(said: Said) -> Facts:
    """Return the lines `KEY=VALUE` of a file for a shell, without quotes."""
    facts = {}
    for line in said.lines:
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            facts[key] = value.strip("\"'")
        elif line.strip() and not line.startswith("#"):
            facts[line] = YES
    return facts | failed(said)


def keyed(said: Said) -> Facts:
    """Return lines by their first word."""
    pairs = [line.partition(" ") for line in said.lines]
    return {key: value for key, _, value in pairs} | failed(said)


def settings(said: Said) -> Facts:
    """Return lines of settings files, by file and what they set; comments do not count."""
    facts = {}
    for line in said.lines:
        where, _, text = line.partition(" ")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        key, sign, value = text.partition("=")
        facts[f"{where} {key}" if sign else where] = (value if sign else text).strip("\"'")
    return facts | failed(said)


def packages(said: Said) -> Facts:
    """Return the versions of the installed packages."""
    return package_list("\n".join(said.lines)) | failed(said)


def package_list(text: str) -> dict[str, str]:
    """Return the versions in a list of Debian's or Alpine's, without those that are removed."""
    blocks = [block for block in text.split("\n\n") if "\nStatus: deinstall " not in f"\n{block}"]
    text = "\n\n".join(blocks)
    return parsed(text, _DPKG) | parsed(text, _APK)


def users(said: Said) -> Facts:
    """Return users and groups: what their line says but the password and the comment."""
    facts = {}
    for line in said.lines:
        kind, _, rest = line.partition(":")
        parts = rest.split(":")
        if kind == "user" and len(parts) == COLONS_OF_PASSWD:
            name, _, uid, gid, _, home, shell = parts
            facts[f"user {name}"] = f"uid {uid}, gid {gid}, {home}, {shell}"
        elif kind == "group" and len(parts) == COLONS_OF_GROUP:
            name, _, gid, members = parts
            facts[f"group {name}"] = f"gid {gid}" + (f", {members}" if members else "")
        elif rest.strip():
            facts[line] = YES
    return facts | failed(said)


def ports(said: Said) -> Facts:
    """Return the TCP ports on which something listens, and whether others can reach them."""
    facts: dict[str, str] = {}
    for line in said.lines:
        match = _SOCKET.fullmatch(line)
        if match is None:
            facts[line] = YES
        elif not _RESOLVER.fullmatch(match[1]):
            inside = _LOOPBACK.fullmatch(match[1]) is not None
            port = str(int(match[2], 16))
            if facts.get(port) != "from anywhere":
                facts[port] = "from inside only" if inside else "from anywhere"
    return facts | failed(said)


def names(said: Said) -> Facts:
    """Return the set of the lines."""
    return dict.fromkeys(said.lines, YES) | failed(said)


def files(listed: Said, hashed: Said) -> Facts:
    """Return mode, owner, size and the start of the hash of each file, by its path."""
    hashes = dict(_hashes(hashed.lines))
    facts = {}
    for line in listed.lines:
        if link := _LINK.fullmatch(line):
            facts[link[1]] = f"link to {link[2]}"
        elif entry := _ENTRY.fullmatch(line):
            path, value = _file(entry, hashes)
            facts[path] = value
        else:
            facts[line] = YES
    # Without what they complain about: in which order, is chance.
    statuses = {"list files": listed.status, "hash files": hashed.status}
    return facts | {f"status of {what}": f"{status}" for what, status in statuses.items() if status}


def _hashes(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        if match := _HASH.fullmatch(line):
            yield match[2], match[1][:SHORT_HASH]


def _file(entry: re.Match[str], hashes: Mapping[str, str]) -> tuple[str, str]:
    kind, mode, owner, size, path = entry.groups()
    if kind == "d":
        return path, f"folder, mode {mode}, {owner}"
    return path, f"mode {mode}, {owner}, {size} bytes, sha256 {hashes.get(path, 'unknown')}"
