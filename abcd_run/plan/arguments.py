"""Parse each word of a request by itself; ready-made Python values are accepted too.

An error names the command-line option that the word belongs to.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abcd_run import variables
from abcd_run.errors import UsageError
from abcd_run.model import Share

LONGEST_PASSWORD = 1024
LONGEST_PORT = 5
LONGEST_SETTING = 64
_LAYOUT = r"[a-z0-9_-]+(\([A-Za-z0-9_-]+\))?"
_LAYOUTS = re.compile(rf"{_LAYOUT}(,{_LAYOUT}){{0,3}}")
"""X has four groups, each with a layout."""
_LOCALE = re.compile(r"[A-Za-z]+([_.@-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Publish:
    """A service, or a port number inside, and its host port; 0 means any free one."""

    service: str
    port: int = 0

    def __str__(self) -> str:
        return f"{self.service}={self.port}" if self.port else self.service


Pairs = Iterable[str] | Mapping[str, str]
Shares = Iterable[str | Path | Share] | str | Path | Share
Publishes = Iterable[str | int | Publish] | Mapping[str, int] | str | int | Publish
Changes = Iterable[str] | Mapping[str, Any]


def share(given: str | Path | Share) -> Share:
    """Read `DIR[:PATH][:ro]`. A `Path` always means just the folder. Raises `UsageError`."""
    if isinstance(given, Share):
        return given
    if isinstance(given, Path):
        return _share(given, "", read_only=False)
    text, read_only = given.removesuffix(":ro"), given.endswith(":ro")
    source, _, path = text.partition(":")
    if not source or ":" in path:
        raise UsageError(
            f"--share {given}: expected DIR[:PATH][:ro]",
            remedy="--share DIR, --share DIR:/path/inside or --share DIR:/path/inside:ro",
        )
    if path and not path.startswith("/"):
        raise UsageError(
            f"--share {given}: {path!r} is not an absolute path inside",
            remedy=f"--share {source}:/{path}",
        )
    if path and not path.strip("/"):
        raise UsageError(
            f"--share {given}: a folder cannot be shared as the root of an instance",
            remedy=f"--share {source}:/mnt",
        )
    return _share(Path(source), path, read_only=read_only)


def _share(source: Path, path: str, *, read_only: bool) -> Share:
    folder = source.expanduser().absolute()
    return Share(folder, path or f"/mnt/{folder.name or 'host'}", read_only=read_only)


def home(given: bool | str | os.PathLike[str] | None) -> bool | Path | None:  # noqa: FBT001
    """Read `--home` and `--home=DIR`, as an absolute path."""
    if given is None or isinstance(given, bool):
        return given
    return Path(given).expanduser().absolute() if os.fspath(given) else True


def keyboard(given: str | None) -> str:
    """Read `--keyboard`: up to four layouts by X's names, such as `fr`, `ch(fr)` or `ru,us`."""
    if given is None or _is_setting(_LAYOUTS, given):
        return given or ""
    raise UsageError(
        f"--keyboard {given!r}: not a layout by X's name",
        remedy="--keyboard fr, --keyboard 'ch(fr)' or --keyboard ru,us",
    )


def locale(given: str | None) -> str:
    """Read `--locale`: a locale by the C library's name."""
    if given is None or _is_setting(_LOCALE, given):
        return given or ""
    raise UsageError(f"--locale {given!r}: not a locale's name", remedy="--locale fr_FR.UTF-8")


def _is_setting(pattern: re.Pattern[str], given: str) -> bool:
    return len(given) <= LONGEST_SETTING and pattern.fullmatch(given) is not None


def shares(given: Shares) -> tuple[Share, ...]:
    """Read all folders to share."""
    if isinstance(given, str | Path | Share):
        return (share(given),)
    return tuple(share(one) for one in given)


def environment(given: Pairs) -> dict[str, str]:
    """Read `K=V` words or a mapping; `K` alone takes this process's own value."""
    if isinstance(given, Mapping):
        return {key: _text(key, value) for key, value in given.items()}
    return dict(_variable(word) for word in listed(given))


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"--env {key}: {value!r} is not text", remedy=f"use {str(value)!r}")
    return value


def _variable(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not variables.is_name(key):
        raise UsageError(f"--env {word}: {key!r} is not a variable name", remedy="--env KEY=VALUE")
    if not equals and key not in os.environ:
        raise UsageError(f"--env {word}: {key} is not set here", remedy=f"--env {key}=VALUE")
    return key, value if equals else os.environ[key]


def published(given: Publishes) -> tuple[Publish, ...]:
    """Read `SERVICE[=PORT]` words, or a mapping of services to ports. Raises `UsageError`."""
    if isinstance(given, Mapping):
        given = [Publish(service, number) for service, number in given.items()]
    elif isinstance(given, str | int | Publish):
        given = [given]
    asked = tuple(_publish(one) for one in given)
    fixed = set[int]()
    for one in asked:
        if one.port in fixed:
            raise UsageError(
                f"--publish {one}: port {one.port} is given twice",
                remedy=f"--publish {one.service} for a free one",
            )
        fixed |= {one.port} - {0}
    return asked


def _publish(given: str | int | Publish) -> Publish:
    if isinstance(given, Publish):
        if given.port:
            port(str(given.port), str(given))
        return given
    word = str(given)
    service, equals, fixed = word.partition("=")
    if equals and not fixed:
        raise UsageError(
            f"--publish {word}: the port is missing",
            remedy=f"--publish {service}=8080, or --publish {service} for a free port",
        )
    return Publish(service, port(fixed, word) if fixed else 0)


def port(text: str, word: str) -> int:
    """Read the port number in a `--publish` word. Raises `UsageError`."""
    # isdecimal accepts digits of every script, and rejects a leading sign.
    if text.isdecimal() and len(text) <= LONGEST_PORT and 0 < int(text) < 2**16:
        return int(text)
    raise UsageError(f"--publish {word}: {text!r} is not a port", remedy="use 1 to 65535")


def changes(given: Changes) -> dict[str, Any]:
    """Read `KEY=VALUE` words with TOML values, or a mapping of dotted keys to ready values."""
    whole: dict[str, Any] = {}
    if isinstance(given, Mapping):
        for key, value in given.items():
            ready = list(value) if isinstance(value, tuple) else value
            change(whole, key, ready, said=f"--set {key}")
        return whole
    for word in listed(given):
        key, equals, text = word.partition("=")
        if not equals:
            raise _not_a_change(word)
        change(whole, key, _value(text), said=f"--set {word}")
    return whole


def change(whole: dict[str, Any], key: str, value: Any, *, said: str) -> None:
    """Set a dotted key in nested tables. Raises `UsageError`, naming `said`."""
    *tables, last = key.split(".")
    if not all([*tables, last]):
        raise _not_a_change(said.removeprefix("--set "))
    table = whole
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise UsageError(
                f"{said}: another --set makes {name} a plain value, not a table",
                remedy=f"remove --set {name}=…",
            )
    table[last] = value


def _not_a_change(word: str) -> UsageError:
    return UsageError(f"--set {word}: expected KEY=VALUE", remedy="--set resources.memory=1GiB")


def _value(text: str) -> Any:
    import tomllib  # noqa: PLC0415  (only --set needs it before a profile is read)

    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text


def password(path: Path) -> str:
    """Read a password from a file of one line. Raises `UsageError`."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST_PASSWORD + 1).strip()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"--password-file {path}: not UTF-8 text", remedy=f"write the password into {path}"
        ) from error
    except OSError as error:
        raise UsageError(
            f"--password-file {path}: cannot be read: {error.strerror}", remedy=f"ls -l {path}"
        ) from error
    if not is_password(text):
        raise UsageError(
            f"--password-file {path}: expected one line with the password",
            remedy=f"write the password into {path}",
        )
    return text


def is_password(text: str) -> bool:
    """Say whether a text can be a password: one line of printable characters."""
    return text.isprintable() and 0 < len(text) <= LONGEST_PASSWORD


def listed(given: Iterable[str]) -> list[str]:
    """Return words as a list; a single string is one word, not a list of letters."""
    return [given] if isinstance(given, str) else list(given)
