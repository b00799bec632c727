"""Check nested data against a declared shape, and report exactly what is wrong."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from abcd_run.errors import ProfileError, UsageError
from abcd_run.units import LIMIT, parse_size

Value = object
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor, ends a line or reverses text: not allowed in any value."""

Table = Mapping[str, Value]
_LAYOUT = re.compile(r"[\n\t]")
_SHOWN = 200
"""How many characters of a wrong value an error shows."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be: a function that checks and converts it, and a description."""

    expected: str
    read: Callable[[Value], Value]


class Wrong(Exception):
    """The value does not satisfy the rule."""


def _of(kind: type, expected: str) -> Rule:
    def read(value: Value) -> Value:
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise Wrong
        if isinstance(value, str) and CONTROL.search(value):
            raise Wrong
        return value

    return Rule(expected, read)


def _number(value: Value) -> Value:
    # This also rejects "nan": every comparison with it is false.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LIMIT:
        raise Wrong
    return float(value)


def _port(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**16:
        raise Wrong
    return value


def _size(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Wrong
    try:
        return parse_size(str(value))
    except UsageError as error:
        raise Wrong from error


def _strings(value: Value) -> Value:
    if not isinstance(value, list):
        raise Wrong
    if any(not isinstance(item, str) or CONTROL.search(item) for item in value):
        raise Wrong
    return tuple(value)


def matching(pattern: str, expected: str) -> Rule:
    """Return the rule for a string that fully matches a regular expression."""

    def read(value: Value) -> Value:
        if not isinstance(value, str) or CONTROL.search(value) or not re.fullmatch(pattern, value):
            raise Wrong
        return value

    return Rule(expected, read)


def _uid(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise Wrong
    return value


def _texts(value: Value) -> Value:
    if not isinstance(value, dict):
        raise Wrong
    if any(not isinstance(one, str) or CONTROL.search(one) for one in value.values()):
        raise Wrong
    return value


def _words(value: Value) -> Value:
    """Return a command; each of its words may be a script of several lines."""
    if not isinstance(value, list) or not value:
        raise Wrong
    if any(not isinstance(item, str) or CONTROL.search(_LAYOUT.sub("", item)) for item in value):
        raise Wrong
    return tuple(value)


def _sha256(value: Value) -> Value:
    digits = "0123456789abcdef"
    if not isinstance(value, str) or len(value) != 64 or set(value.lower()) - set(digits):  # noqa: PLR2004
        raise Wrong
    return value.lower()


def one_of(*words: str) -> Rule:
    """Return the rule for one of a few words."""

    def read(value: Value) -> Value:
        if value not in words:
            raise Wrong
        return value

    return Rule(f"one of {', '.join(words)}", read)


STRING = _of(str, "a string of one line")
FLAG = _of(bool, "true or false")
WHOLE = _of(int, "a whole number")
TABLE = _of(dict, "a table")
LABELS = Rule("a table of strings", _texts)
NUMBER = Rule("a number above 0", _number)
PORT = Rule("a port from 1 to 65535", _port)
SIZE = Rule('a size such as "2GiB" or "512MiB"', _size)
STRINGS = Rule("a list of strings", _strings)
WORDS = Rule("a list of strings that is not empty", _words)
UID = Rule("a uid from 1 on", _uid)
USER = matching(r"[a-z_][a-z0-9_.-]{0,30}", 'a user\'s name, such as "abcd"')
URL_PATH = matching(r"/[^\s#]*", 'a path that starts with "/"')
SERVICE = matching(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}", 'a service\'s name, such as "web"')
INSIDE = matching(
    r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._-]+)+", 'an absolute path inside, such as "/home/abcd"'
)
FILE = matching(r"[^\0]+", "the path of a file")
SHA256 = Rule("64 hexadecimal digits", _sha256)

BY_TYPE = {str: STRING, bool: FLAG, int: WHOLE, dict: TABLE, list: STRINGS}
"""The rules for the options that a backend declares by type."""


@dataclass(frozen=True, slots=True)
class Named:
    """A table whose keys are names chosen by the author, each with the same shape inside."""

    shape: "Shape"
    names: Rule = SERVICE


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of tables of the same shape."""

    shape: "Shape"


Shape = Mapping[str, "Rule | Named | Listed | Shape"]


def check(table: Table, shape: Shape, *, where: str, path: str = "") -> dict[str, Value]:
    """Return the table with its values converted. Raises `ProfileError`, with `where` and key."""
    result = {}
    for key, value in table.items():
        if key not in shape:
            raise unknown_key(f"{path}{key}", (path + known for known in shape), where=where)
        result[key] = _value(value, shape[key], where=where, path=path + key)
    return result


def _value(value: Value, rule: Rule | Named | Listed | Shape, *, where: str, path: str) -> Value:
    if isinstance(rule, Rule):
        return _read(value, rule, where=where, path=path)
    if isinstance(rule, Listed):
        if not isinstance(value, list):
            raise wrong_type(value, "a list of tables", where=where, path=path)
        items = enumerate(value)
        return [_table(v, rule.shape, where=where, path=f"{path}[{i}]") for i, v in items]
    if isinstance(rule, Named):
        names = _read(value, TABLE, where=where, path=path)
        assert isinstance(names, dict)
        return {
            _name(name, rule.names, where=where, path=path): _table(
                inner, rule.shape, where=where, path=f"{path}.{name}"
            )
            for name, inner in names.items()
        }
    return _table(value, rule, where=where, path=path)


def _name(name: str, rule: Rule, *, where: str, path: str) -> str:
    try:
        return str(rule.read(name))
    except Wrong:
        raise ProfileError(
            f"{where}: {path}: expected {rule.expected}, found {_shown(name)}",
            remedy="give it another name",
        ) from None


def _table(value: Value, shape: Shape, *, where: str, path: str) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise wrong_type(value, "a table", where=where, path=path)
    return check(value, shape, where=where, path=path + ".")


def _read(value: Value, rule: Rule, *, where: str, path: str) -> Value:
    try:
        return rule.read(value)
    except Wrong:
        raise wrong_type(value, rule.expected, where=where, path=path) from None


def wrong_type(value: Value, expected: str, *, where: str, path: str) -> ProfileError:
    """Return the error for a value that is not what was expected."""
    return ProfileError(
        f"{where}: {path}: expected {expected}, found {_shown(value)}",
        remedy=f"give {path} as {expected}",
    )


def _shown(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def unknown_key(key: str, known: Iterable[str], *, where: str) -> ProfileError:
    """Return the error for an unknown key, with the nearest known one."""
    names = sorted(known)
    expected = f"expected one of {', '.join(names)}"
    return ProfileError(
        f"{where}: {_plain(key)}: unknown key, {expected}",
        remedy=did_you_mean(key, names, "remove it"),
    )


def _plain(key: str) -> str:
    return _shown(key) if CONTROL.search(key) or len(key) > _SHOWN else key


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy that names the nearest known words, or `otherwise`."""
    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
