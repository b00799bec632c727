"""A profile: the TOML that describes an image; read, inherited and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abcd_run import limits, schema
from abcd_run.errors import ProfileError
from abcd_run.host import bounded_match
from abcd_run.images.profile_keys import CHECKS, FILES, SHAPE, WAYS
from abcd_run.model import Kind, Ready, Recipe, Resources, Service


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must be the same on every runtime, in one of four ways.

    A `command` prints the same. What a `goss` file demands is so. Pictures are compared within the
    areas of a `needle`. Or the built-in check `name` may differ where a row fits a pattern of
    `differs`. `expected` is the reason why a command's output or such a row may differ.
    """

    name: str
    command: tuple[str, ...] = ()
    goss: Path | None = None
    needle: Path | None = None
    differs: tuple[str, ...] = ()
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """Where one variant of an image comes from; empty strings mean the conventional place.

    `installs` allows an ISO that would write to a disk without asking. `digest`, `fetched` and
    `plain_http` are as in `model.Source`: no profile sets them.
    """

    kind: Kind
    name: str
    image: str = ""
    archive: Path | None = None
    iso: str = ""
    sha256: str = ""
    installs: bool = False
    digest: str = ""
    fetched: bool = False
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """An image as its profile and its parents' profiles describe it."""

    name: str
    origin: str
    summary: str = ""
    parents: tuple[str, ...] = ()
    user: str = ""
    uid: int = 1000
    login: str = ""
    home: bool | None = None
    homedir: str = ""
    unverified: bool = False
    runtimes: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    resources: Resources = Resources()
    services: tuple[Service, ...] = ()
    screen: tuple[str, ...] = ()
    ready: Ready = Ready()
    verify: tuple[Check, ...] = ()
    on: Mapping[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    recipes: tuple[Recipe, ...] = ()
    """What its ancestors that have layers of their own are built from, the root first, then it."""

    @property
    def recipe(self) -> Recipe | None:
        """What it is built from; None if it has no layer of its own."""
        own = [recipe for recipe in self.recipes if recipe.image == self.name]
        return own[0] if own else None


def variant_name(image: str, kind: Kind) -> str:
    """Return the family's name for a variant: `abcd4desktop` gives `abcdic4desktop`."""
    if image.startswith("abcd"):
        return kind + image.removeprefix("abcd")
    return f"{kind}-{image}"


def variant_of(name: str) -> tuple[str, Kind] | None:
    """Return the image and kind that a variant's name stands for, or None for any other name."""
    match = re.fullmatch(r"(abcdic|abcdik|abcdib)(-?)(.*)", name)
    if match is None:
        return None
    kind, dash, rest = match.groups()
    return (rest if dash else f"abcd{rest}"), Kind(kind)


def load(path: Path) -> dict[str, Any]:
    """Return the checked tables of one file, with relative paths made absolute.

    Raises `ProfileError`, which names the file and the key, or the line and column.
    """
    tables = parse(path)
    schema.check(tables, SHAPE, where=str(path))
    for table in ("base", *Kind):
        for key in ("archive", "iso"):
            location = tables.get(table, {}).get(key)
            if location and "://" not in location:
                tables[table][key] = _beside(path, location)
    for check in tables.get("verify", []):
        check.update({key: _beside(path, check[key]) for key in FILES if key in check})
    return tables


def _beside(path: Path, location: str) -> str:
    return str(path.parent.absolute() / Path(location).expanduser())


def parse(path: Path) -> dict[str, Any]:
    """Return the unchecked tables of a TOML file. Raises `ProfileError`."""
    import tomllib  # noqa: PLC0415  (10 ms that an image given by its path does not need)

    try:
        with path.open("rb") as file:
            text = file.read(limits.TEXT_BYTES + 1)
        if len(text) > limits.TEXT_BYTES:
            raise ProfileError(f"{path}: more than 1 MiB", remedy=f"fix {path}")
        # Some editors start a file with a byte order mark.
        return tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ProfileError(
            f"{path}: not a TOML file: not UTF-8 at byte {error.start}", remedy=f"fix {path}"
        ) from error
    except (ValueError, RecursionError) as error:  # absurdly large numbers and deep nesting too
        raise ProfileError(f"{path}: not a TOML file: {error}", remedy=f"fix {path}") from error
    except OSError as error:
        raise ProfileError(
            f"{path}: cannot be read: {error.strerror}", remedy=f"ls -l {path}"
        ) from error


def inherit(child: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the child's tables, filled in with the parent's keys where the child has none.

    Tables are merged key by key; a child's lists and plain values replace the parent's. A child
    that waits for its console does not also wait for its parent's service, and vice versa.
    """
    merged = dict(parent)
    if any(way in child for way in WAYS):
        for other in (*WAYS, "options") if "kind" in parent else WAYS:
            if other not in child:
                merged.pop(other, None)
    for key, value in child.items():
        inherited = parent.get(key)
        both = isinstance(value, Mapping) and isinstance(inherited, Mapping)
        merged[key] = inherit(value, inherited) if both else value  # type: ignore[arg-type]
    return merged


def build(
    name: str,
    tables: Mapping[str, Any],
    *,
    origin: str,
    parents: tuple[str, ...] = (),
    recipes: tuple[Recipe, ...] = (),
) -> Profile:
    """Return the profile that the tables describe."""
    read = schema.check(tables, SHAPE, where=origin)
    services = _services(read.get("services", {}), origin)
    return Profile(
        name=name,
        origin=origin,
        summary=_text(read, "summary"),
        parents=parents,
        user=_text(read, "user"),
        uid=_dict(read).get("uid", 1000),
        login=_text(read, "login"),
        home=_dict(read).get("home"),
        homedir=_text(read, "homedir"),
        unverified=bool(read.get("unverified")),
        runtimes=_dict(read).get("runtimes", ()),
        variants=tuple(_variant(name, kind, _dict(read[kind])) for kind in Kind if kind in read),
        resources=Resources(**_dict(read.get("resources", {}))),
        services=services,
        screen=_dict(read.get("screen", {})).get("command", ()),
        ready=_ready(_dict(read.get("ready", {})), services, origin),
        verify=tuple(_check(check, origin) for check in _list(read.get("verify", []))),
        on=_on(_dict(read.get("on", {})), origin),
        recipes=recipes,
    )


def _variant(image: str, kind: Kind, keys: dict[str, Any]) -> Variant:
    archive = keys.get("archive")
    where = {key: keys[key] for key in ("image", "iso", "sha256", "installs") if key in keys}
    name = variant_name(image, kind)
    return Variant(kind, name, archive=Path(archive) if archive else None, **where)


def _services(tables: object, origin: str) -> tuple[Service, ...]:
    by_port: dict[int, Service] = {}
    for name, keys in _dict(tables).items():
        if "port" not in keys:
            raise _missing_key(f"services.{name}.port", "a port from 1 to 65535", origin)
        if other := by_port.get(keys["port"]):
            raise ProfileError(
                f"{origin}: services.{name}.port: {other.name} already has port {keys['port']}",
                remedy=f"give {name} another port, or remove it",
            )
        by_port[keys["port"]] = Service(name, kind=keys.pop("variant", ""), **keys)
    return tuple(by_port.values())


def _ready(keys: dict[str, Any], services: tuple[Service, ...], origin: str) -> Ready:
    names = [service.name for service in services]
    wanted = keys.get("service", "")
    if wanted and wanted not in names:
        expected = f"expected one of {', '.join(names)}" if names else "the profile has no services"
        raise ProfileError(
            f"{origin}: ready.service: no service {wanted!r}, {expected}",
            remedy=schema.did_you_mean(wanted, names, f"add [services.{wanted}] with its port"),
        )
    try:
        bounded_match.check(keys.get("console", ""))
    except bounded_match.Unusable as error:
        raise ProfileError(
            f"{origin}: ready.console: expected a regular expression: {error}",
            remedy="fix the expression",
        ) from error
    return Ready(**keys)


def _check(keys: dict[str, Any], origin: str) -> Check:
    ways = [way for way in CHECKS if way in keys]
    if not ways:
        expected = f"a list of strings, or one of {', '.join(CHECKS[1:])}"
        raise _missing_key("verify.command", expected, origin)
    if len(ways) > 1:
        raise ProfileError(
            f"{origin}: verify.{ways[1]}: expected one of {', '.join(CHECKS)}, found two",
            remedy=f"give {ways[1]} an entry of its own: [[verify]]",
        )
    if not keys.get("name") and ways[0] not in FILES:
        raise _missing_key("verify.name", "a string", origin)
    if ways[0] == "differs" and not keys.get("expected"):
        raise _missing_key("verify.expected", "the reason why it may differ", origin)
    files = {key: Path(keys[key]) for key in FILES if key in keys}
    name = keys.get("name") or files[ways[0]].name
    return Check(**{**keys, **files, "name": name})


def _on(tables: dict[str, Any], origin: str) -> dict[str, Mapping[str, object]]:
    for runtime, options in tables.items():
        if not isinstance(options, dict):
            raise schema.wrong_type(options, "a table", where=origin, path=f"on.{runtime}")
    return tables


def _missing_key(key: str, expected: str, origin: str) -> ProfileError:
    return ProfileError(
        f"{origin}: {key}: missing, expected {expected}", remedy=f"add {key} to {origin}"
    )


def _text(read: Mapping[str, object], key: str) -> str:
    return str(read.get(key, ""))


def _dict(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def _list(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value
