"""The profile that travels with a family reference, and how it is read where it arrives.

It is complete: parents are merged in. It holds nothing of the host it comes from: no paths, no
recipes, no references, because the index says where the variants are. Where it arrives it is a
stranger's: whatever names a place or a plug-in of the host is left out, and its options for
runtimes are used only where they need no trust.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from abcd_run import limits
from abcd_run.errors import ArtifactError, ProfileError
from abcd_run.images import profile
from abcd_run.images.profile import Check, Profile
from abcd_run.images.profile_keys import FILES
from abcd_run.model import Kind, Ready, Resources, Service
from abcd_run.oci.family import PUBLISH_AGAIN

MIB = 1 << 20
_LEFT_OUT = ("parent", "unverified", "home", "base", *Kind)
"""What only the index may say, or nobody: a stranger's image gets no folder of the host."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A stranger's profile: its tables, its options for runtimes apart, and what was left out."""

    tables: Mapping[str, Any]
    on: Mapping[str, Mapping[str, object]]
    notes: tuple[str, ...] = ()


def written(image: Profile) -> bytes:
    """Return a profile as TOML, fit to travel."""
    import tomli_w  # noqa: PLC0415  (only `publish` writes a profile)

    return tomli_w.dumps(tables(image), multiline_strings=True).encode()


def tables(image: Profile) -> dict[str, Any]:
    """Return the tables of a profile, without what belongs to this host or to the index."""
    whole = {
        "summary": image.summary,
        "user": image.user,
        "uid": image.uid,
        "homedir": image.homedir,
        "login": image.login,
        "runtimes": list(image.runtimes),
        "resources": _resources(image.resources),
        "services": {one.name: _service(one) for one in image.services},
        "screen": {"command": list(image.screen)} if image.screen else {},
        "ready": _ready(image.ready),
        "verify": [_verify(one) for one in image.verify if not (one.goss or one.needle)],
        "on": {name: dict(options) for name, options in image.on.items()},
    }
    return {key: value for key, value in whole.items() if value}


def _verify(given: Check) -> dict[str, Any]:
    keys = {
        "name": given.name,
        "command": list(given.command),
        "differs": list(given.differs),
        "expected": given.expected,
    }
    return {key: value for key, value in keys.items() if value}


def _resources(given: Resources) -> dict[str, Any]:
    limits_set = {one.name: getattr(given, one.name) for one in fields(given)}
    return {key: _size(value) for key, value in limits_set.items() if value is not None}


def _size(value: float) -> str | float:
    whole = isinstance(value, int) and value % MIB == 0
    return f"{int(value) // MIB}MiB" if whole else value


def _service(given: Service) -> dict[str, Any]:
    keys = {
        "port": given.port,
        "protocol": given.protocol,
        "path": given.path,
        "open": given.open,
        "variant": str(given.kind),
    }
    return {key: value for key, value in keys.items() if value}


def _ready(given: Ready) -> dict[str, Any]:
    keys = {one.name: getattr(given, one.name) for one in fields(given) if one.name != "lenient"}
    return {key: value for key, value in keys.items() if value}


def read(text: bytes, where: str) -> Arrived:
    """Return the tables of a profile that came with `where`, without what no stranger may say.

    Raises `ArtifactError` if it is no profile.
    """
    given = _parsed(text, where)
    dropped = [key for key in _LEFT_OUT if given.pop(key, None)]
    on = given.pop("on", {})
    dropped += _without_files(given)
    if isinstance(ready := given.get("ready"), dict):
        dropped += [f"ready.{key}" for key in ("kind", "options") if ready.pop(key, None)]
    _check(given, where)
    notes = [f"{where}: its profile's {', '.join(dropped)} are not used"] if dropped else []
    return Arrived(given, _options(on), tuple(notes))


def _without_files(given: dict[str, Any]) -> list[str]:
    """Leave out the checks that would read a file of this host; return what to tell of it."""
    checks = given.get("verify")
    if not isinstance(checks, list):
        return []
    kept = [one for one in checks if not (isinstance(one, dict) and {*FILES} & {*one})]
    if len(kept) == len(checks):
        return []
    given["verify"] = kept
    return ["verify with files"]


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  (10 ms that a launch by name has paid already)

    try:
        if len(text) > limits.TEXT_BYTES:
            raise ValueError("more than 1 MiB")  # noqa: TRY301  (one error for all)
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"not a TOML file: {error}") from error


def _check(given: Mapping[str, Any], where: str) -> None:
    try:
        profile.build("checked", given, origin="the profile")
    except ProfileError as error:
        raise _bad(where, error.message) from error


def _options(on: object) -> dict[str, Mapping[str, object]]:
    """Return the options by runtime; each runtime checks its own."""
    given = on if isinstance(on, dict) else {}
    return {name: options for name, options in given.items() if isinstance(options, dict)}


def _bad(where: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"{where}: the profile that came with it cannot be used",
        details=why[:1000],
        remedy=PUBLISH_AGAIN,
    )
