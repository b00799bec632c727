"""Which document each command prints, and what it prints if it fails.

Only a command that fails imports this module.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_origin, get_type_hints

from abcd_run.report import documents, machine_documents

APART: Mapping[tuple[str, str], str] = {
    ("launch", "--dry-run"): "--dry-run",
    ("open", "--tab"): "open --tab",
    ("write", "--list"): "write --list",
}
"""The commands that print another document with an option, and what those are called here."""

DOCUMENTS: Mapping[str, type] = {
    "launch": documents.Instances,
    "--dry-run": documents.Plans,
    "ps": documents.Instances,
    "show": documents.Instances,
    "open": documents.Instances,
    "open --tab": documents.Wall,
    "wait": documents.Instances,
    "start": documents.Instances,
    "restart": documents.Instances,
    "suspend": documents.Instances,
    "resume": documents.Instances,
    "logs": documents.Log,
    "cp": documents.Copied,
    "exec": documents.Executed,
    "shell": documents.Errors,
    "screenshot": documents.Screenshot,
    "wall": documents.Wall,
    "verify": documents.Verified,
    "stop": documents.Stopped,
    "prune": documents.Pruned,
    "images": documents.Images,
    "pull": documents.Pulled,
    "build": documents.Built,
    "artifact": documents.Artifact,
    "write": machine_documents.Written,
    "write --list": machine_documents.Disks,
    "netboot": machine_documents.Netboot,
    "publish": documents.Published,
    "runtimes": documents.Runtimes,
    "doctor": documents.Diagnosis,
    "completion": documents.Script,
}
"""What each command prints."""

_EMPTY: Mapping[object, Callable[[], object]] = {
    str: str, bool: bool, list: list[object], dict: dict[str, object],
}  # fmt: skip


def printed_by(command: str, words: Sequence[str]) -> str:
    """Return the name of the document that a command line prints."""
    others = (name for (one, option), name in APART.items() if one == command and option in words)
    return next(others, command)


def failed(command: str, errors: list[documents.Error]) -> dict[str, Any]:
    """Return the document of a command that failed: its own keys, with nothing in them."""
    keys = get_type_hints(DOCUMENTS.get(command, documents.Errors))
    return {**{key: _empty(kind) for key, kind in keys.items()}, "errors": errors}


def _empty(kind: Any) -> object:
    """Return the value that says "nothing"; null where a key may be null."""
    return _EMPTY.get(get_origin(kind) or kind, lambda: None)()
