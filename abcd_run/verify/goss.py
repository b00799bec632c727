"""Goss files: what must be so on every runtime, in the format of goss.

    package: {dropbear-bin: {installed: true, versions: [2022.83]}}
    file: {/etc/os-release: {exists: true, mode: "0644", contents: [ABCD]}}

Read are the types and attributes of `TYPES`, with plain values; `title`, `meta` and `skip` too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abcd_run.errors import AbcdRunError, ProfileError
from abcd_run.host import this_python
from abcd_run.schema import CONTROL, did_you_mean
from abcd_run.verify.needle import read_bounded

RESOURCES = 1000
"""How many resources one file may have."""

TYPES: Mapping[str, Mapping[str, type]] = {
    "package": {"installed": bool, "versions": list},
    "user": {"exists": bool, "uid": int, "gid": int, "groups": list, "home": str, "shell": str},
    "group": {"exists": bool, "gid": int},
    "file": {
        "exists": bool, "mode": str, "size": int, "owner": str, "group": str, "filetype": str,
        "linked-to": str, "sha256": str, "contents": list,
    },
    "port": {"listening": bool},
    "process": {"running": bool},
    "command": {"exit-status": int, "stdout": list, "timeout": int},
}  # fmt: skip
"""The resource types that are read, and the attributes of each."""

IGNORED = {"title", "meta", "skip"}
NAMES = {"package": "name", "user": "username", "group": "groupname", "file": "path",
         "port": "port", "process": "comm", "command": "exec"}  # fmt: skip
"""The attribute that replaces a resource's key."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing of one type, and what each attribute must be; lists are of texts."""

    kind: str
    name: str
    attributes: Mapping[str, object]

    @property
    def title(self) -> str:
        """What it is called in a result."""
        return f"{self.kind} {self.name}"


def load(path: Path) -> tuple[Resource, ...]:
    """Return what a file demands. Raises `ProfileError`, which names the file and the key."""
    document = _document(path)
    if not isinstance(document, dict) or not document:
        raise _wrong(path, "the file", f"a table of {', '.join(TYPES)}")
    demands = []
    for kind, resources in document.items():
        if kind not in TYPES:
            raise ProfileError(
                f"{path}: {_text(kind)}: a type of resource that is not read here",
                details=f"read are {', '.join(TYPES)}",
                remedy=did_you_mean(str(kind), TYPES, f"remove it from {path}"),
            )
        if not isinstance(resources, dict):
            raise _wrong(path, kind, "a table by name")
        demands += [_resource(path, kind, name, one) for name, one in resources.items()]
    if len(demands) > RESOURCES:
        raise ProfileError(f"{path}: more than {RESOURCES} resources", remedy=f"fix {path}")
    return tuple(one for one in demands if one is not None)


def _document(path: Path) -> Any:
    yaml = library()
    text = read_bounded(path)
    try:
        # Aliases could make a small file grow without end.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ProfileError(f"{path}: aliases are not read here", remedy=f"fix {path}")
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = " ".join(str(error).split())[:RESOURCES]
        raise ProfileError(f"{path}: not a YAML file: {why}", remedy=f"fix {path}") from error


def library() -> Any:
    """Return the package that reads YAML. Raises `AbcdRunError` if it is missing."""
    try:
        import yaml  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise AbcdRunError(
            "to read goss files, the Python package PyYAML is needed",
            remedy=this_python.install("abcd-run[verify]"),
        ) from error
    return yaml


def _resource(path: Path, kind: str, key: object, given: object) -> Resource | None:
    where = f"{kind}.{_text(key)}"
    if not isinstance(given, dict):
        raise _wrong(path, where, "a table of attributes")
    if given.get("skip") is True:
        return None
    known, attributes = TYPES[kind], {}
    name = _text(given.get(NAMES[kind], key))
    if not name or CONTROL.search(name):
        raise _wrong(path, where, "a name of one line")
    if kind == "file" and not name.startswith("/"):
        raise _wrong(path, where, "a path that starts with /")
    for attribute, value in given.items():
        if attribute in IGNORED or attribute == NAMES[kind]:
            continue
        if attribute not in known:
            raise ProfileError(
                f"{path}: {where}.{_text(attribute)}: an attribute that is not read here",
                details=f"read are {', '.join(known)}",
                remedy=did_you_mean(str(attribute), known, f"remove it from {path}"),
            )
        attributes[attribute] = _value(path, f"{where}.{attribute}", value, known[attribute])
    return Resource(kind, name, attributes)


def _value(path: Path, where: str, value: object, kind: type) -> object:
    if kind is list:
        items = value if isinstance(value, list) else [value]
        texts = [_plain(path, where, item) for item in items]
        if any(
            len(text) > 1 and text.strip("!").startswith("/") and text.endswith("/")
            for text in texts
        ):
            raise _wrong(path, where, "plain texts: regular expressions are not read here")
        return tuple(texts)
    if kind is str:
        return _plain(path, where, value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _wrong(path, where, "true or false" if kind is bool else "a whole number")
    return value


def _plain(path: Path, where: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(path, where, "a text")
    text = _text(value)
    if CONTROL.search(text):
        raise _wrong(path, where, "a text of one line")
    return text


def _text(value: object) -> str:
    text = str(value)
    return text if len(text) <= RESOURCES else f"{text[:RESOURCES]}…"


def _wrong(path: Path, key: str, expected: str) -> ProfileError:
    return ProfileError(
        f"{path}: {key}: expected {expected}", remedy=f"give {key} as {expected} in {path}"
    )
