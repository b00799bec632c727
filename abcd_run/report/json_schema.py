"""Make `schema.json`, the JSON Schema of all documents: `python -m abcd_run.report.json_schema`.

Tests say when it is out of date. No command imports this module.
"""

import json
import sys
import types
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from abcd_run.report.command_documents import DOCUMENTS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMANDS = "commands"
"""Where the schema of each command's document lies among the definitions."""

_SIMPLE = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def schema() -> Schema:
    """Return the schema: any command's document, with each command's own among its definitions."""
    shapes: dict[str, Schema] = {}
    commands = {name: _of(shape, shapes) for name, shape in DOCUMENTS.items()}
    documents = {reference["$ref"] for reference in commands.values()}
    return {
        "$schema": DIALECT,
        "title": "What abcd-run prints with --json",
        "anyOf": [{"$ref": one} for one in sorted(documents)],
        "$defs": {COMMANDS: commands, **dict(sorted(shapes.items()))},
    }


def _of(kind: Any, shapes: dict[str, Schema]) -> Schema:  # noqa: PLR0911  (one per kind of type)
    """Return the schema of a type; that of a named shape is put among `shapes`."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        if kind.__name__ not in shapes:
            shapes[kind.__name__] = {}  # so that a shape may contain itself
            shapes[kind.__name__] = _object(kind, shapes)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin is NotRequired:
        return _of(inner[0], shapes)
    if origin is Annotated:
        return {**_of(inner[0], shapes), "description": inner[1]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is list:
        return {"type": "array", "items": _of(inner[0], shapes)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(inner[1], shapes)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one, shapes) for one in inner]}
    return {"type": _SIMPLE[kind]}


def _object(shape: Any, shapes: dict[str, Schema]) -> Schema:
    keys = get_type_hints(shape, include_extras=True)
    return {
        "description": " ".join((shape.__doc__ or "").split()),
        "type": "object",
        "properties": {key: _of(kind, shapes) for key, kind in keys.items()},
        "required": [key for key in keys if key in shape.__required_keys__],
        "additionalProperties": False,
    }


def text() -> str:
    """Return the file's text."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
