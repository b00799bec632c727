"""An instance's variables: those that every user of the host may see, and the secret ones.

LXD repeats `environment.*` in the arguments of a process that runs as long as a command inside.
Lines of LXC's own configuration reach the same processes without appearing in an argument list.
If a project forbids those lines, the seed is a file that is written before the start.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from pylxd import Client

from abcd_run import variables
from abcd_run.errors import UsageError
from abcd_run.model import Plan
from abcd_run_lxd.images import Image

PASSWORD = "ABCD_PASSWORD"  # noqa: S105  (a variable's name)
COMMAND = "ABCD_RUN_COMMAND"
LXDS_OWN = frozenset({"HOME", "LANG", "PATH", "USER"})
"""The variables that LXD sets for each command inside, unless `environment.*` overrides them."""

SEED_FOLDER, SEED = "/etc/abcd", "/etc/abcd/seed"
"""Where images look for a seed: the tmpfs of some inits would hide a file in /run."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An instance's variables; those in `hidden` are secret, or may be."""

    shown: Mapping[str, str]
    hidden: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return the hidden variables as lines of LXC's configuration."""
        return [f"lxc.environment = {name}={value}" for name, value in self.hidden.items()]


def of_plan(plan: Plan, image: Image, *, low_level: bool) -> Environment:
    """Return an instance's variables. Raises `UsageError`.

    Without `low_level` the seed has its own way in, and LXD refuses other hidden variables.
    """
    hidden = {name: value for name, value in plan.env.items() if name not in LXDS_OWN}
    if low_level:
        hidden = {PASSWORD: plan.seed.password, **hidden}
    if plan.command:
        line = shlex.join([*image.start, *plan.command])
        hidden[COMMAND] = f"unset {COMMAND}; exec {line}"
    every = {**image.environment, **plan.environment()}
    shown = {name: value for name, value in every.items() if name not in {PASSWORD, *hidden}}
    for name, value in (*shown.items(), *hidden.items()):
        check(name, value)
    return Environment(shown, hidden)


def check(name: str, value: str) -> None:
    """Raise `UsageError` for a variable that LXC's line-based file cannot hold.

    Text after a line break would become a line of its own, such as a hook, which LXC runs as root.
    """
    if not variables.is_name(name):
        raise UsageError(f"{name!r} is not a valid variable name", remedy="leave it out")
    if not variables.is_one_line(value):
        raise UsageError(
            f"{name}: lxd cannot pass a value that spans several lines",
            remedy="put it in a shared file: --share",
        )


def put_seed(client: Client, name: str, seed: bytes) -> None:
    """Write the seed into an instance that has not started; LXD follows no link out of it."""
    files = client.api.instances[name].files
    owned = {"X-LXD-uid": "0", "X-LXD-gid": "0"}
    for path in ("/etc", SEED_FOLDER):
        headers = {**owned, "X-LXD-type": "directory", "X-LXD-mode": "0755"}
        files.post(params={"path": path}, headers=headers)
    headers = {**owned, "X-LXD-type": "file", "X-LXD-mode": "0600", "X-LXD-write": "overwrite"}
    files.post(params={"path": SEED}, headers=headers, data=seed)
