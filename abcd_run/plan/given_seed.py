"""A seed that a person gives an artifact: machines that no runtime starts get none otherwise."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from abcd_run import variables
from abcd_run.errors import UsageError
from abcd_run.model import Kind, Seed
from abcd_run.plan import arguments
from abcd_run.schema import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from abcd_run.model import Plan

LONGEST: Final = 64 << 10
"""Characters of a file."""

HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
FIELDS: Final = {
    "ABCD_HOSTNAME": "hostname",
    "ABCD_USER": "user",
    "ABCD_PASSWORD": "password",
    "ABCD_SSH_KEY": "ssh_key",
    "ABCD_KEYBOARD": "keyboard",
    "ABCD_LOCALE": "locale",
    "ABCD_LOGIN": "login",
}
"""The keys of a seed that a person chooses, and the fields of `Seed`."""

VARIABLE: Final = "ABCD_ENV_"


@dataclass(frozen=True, slots=True)
class Given:
    """What a person wants in the seed: fields of `Seed`, and variables."""

    fields: Mapping[str, str]
    env: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.fields or self.env)


def parse(
    seed: str | PathLike[str] | None = None,
    *,
    password_file: str | PathLike[str] | None = None,
    hostname: str = "",
) -> Given:
    """Read a seed's file, a password's file and a host name; the last two win.

    Raises `UsageError`.
    """
    fields, env = dict[str, str](), dict[str, str]()
    if seed is not None:
        fields, env = _read(Path(seed))
    if password_file is not None:
        fields["password"] = arguments.password(Path(password_file))
    if hostname:
        fields["hostname"] = hostname
    if not HOSTNAME.fullmatch(fields.get("hostname", "x")):
        raise UsageError(
            f"{fields['hostname']!r} cannot be a host name",
            remedy="use at most 63 letters, digits and -, with a letter or digit at both ends",
        )
    variables.check(env)
    return Given(fields, env)


def planned(plan: Plan, given: Given, *, user: str) -> Plan:
    """Return a plan with a seed, for `user` unless another is given. Raises `UsageError`."""
    if not given:
        return plan
    if plan.kind is not Kind.LIVE:
        raise UsageError(
            f"{plan.format} takes no seed: its runtime gives it one at the launch",
            remedy="leave out --seed, --password-file and --hostname",
        )
    seed = Seed(hostname="", user=user, password="", image=plan.image, kind=str(plan.kind))
    return replace(plan, seed=replace(seed, **given.fields), env=given.env)


def _read(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Read lines KEY='value', as a shell would, for the keys that are known."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
        pairs = [one.partition("=") for one in shlex.split(text, comments=True)]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"--seed {path}: cannot be read: {why}", remedy=f"expected lines KEY='value' in {path}"
        ) from error
    if len(text) > LONGEST:
        raise UsageError(f"--seed {path}: larger than a seed", remedy="name the seed's own file")
    fields, env = dict[str, str](), dict[str, str]()
    for key, _, value in pairs:
        _check(path, key, value)
        if key.startswith(VARIABLE):
            env[key.removeprefix(VARIABLE)] = value
        else:
            fields[FIELDS[key]] = value
    return fields, env


def _check(path: Path, key: str, value: str) -> None:
    if key not in FIELDS and not key.startswith(VARIABLE):
        known = [*FIELDS, f"{VARIABLE}NAME"]
        raise UsageError(
            f"--seed {path}: unknown key {key[:80]!r}",
            remedy=did_you_mean(key, known, f"known keys: {', '.join(known)}"),
        )
    if not value.isprintable() or (key == "ABCD_PASSWORD" and not arguments.is_password(value)):
        raise UsageError(
            f"--seed {path}: {key} is not one line of text", remedy=f"{key}='one line'"
        )
