"""Read the JSON documents of commands, and compare each with the schema that ships with us."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from abcd_run.commands.group import meant
from abcd_run.report.command_documents import printed_by

HELP = {"--help", "-h"}


def asked(words: Sequence[str]) -> bool:
    """Say whether a command line asks for a document."""
    own = _own(words)
    return "--json" in own and not HELP & {*own}


def read(words: Sequence[str], text: str | bytes) -> Any:
    """Return the document that a command line printed, and nothing else.

    Raises an error that says where the document differs from the command's schema.
    """
    document, own = json.loads(text), _own(words)
    if validator := _validator(printed_by(meant(own), own)):
        validator.validate(document)
    return document


def _own(words: Sequence[str]) -> list[str]:
    """Return the words before `--`: what follows is for a command inside."""
    return list(words[: words.index("--")] if "--" in words else words)


@cache
def _validator(command: str) -> Any:
    """Return the validator for a command's document; None where jsonschema is not installed.

    Authors of runtimes need not have it: the documents are ours. Our own tests demand it.
    """
    try:
        from jsonschema import Draft202012Validator  # noqa: PLC0415
    except ImportError:
        return None
    whole = json.loads((files("abcd_run.report") / "schema.json").read_text())
    assert command in whole["$defs"]["commands"], f"schema.json has no {command}"
    whole.pop("anyOf")
    return Draft202012Validator({**whole, "$ref": f"#/$defs/commands/{command}"})
