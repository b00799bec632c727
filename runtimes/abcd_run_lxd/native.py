"""The commands a person would type to carry out a plan."""

import json
import shlex
from collections.abc import Mapping, Sequence

from abcd_run.model import Origin, Plan
from abcd_run_lxd.creation import Creation
from abcd_run_lxd.environment import SEED

END = "END"


def lines(
    program: Sequence[str], plan: Plan, made: Creation, alias: str, *, first: Sequence[str] = ()
) -> str:
    """Return the shell lines; secrets go through standard input, not through arguments."""
    init = [*program, "init", "--quiet", alias, plan.name]
    for profile in made.profiles:
        init += ["--profile", profile]
    if not made.profiles:
        init += ["--no-profiles"]
    return "\n".join(
        [
            *first,
            f"{shlex.join(init)} <<'{END}'",
            *_table("config", made.config),
            *_table("devices", made.devices),
            END,
            *_seed_lines(program, plan, made),
            shlex.join([*program, "start", "--quiet", plan.name]),
        ]
    )


def _seed_lines(program: Sequence[str], plan: Plan, made: Creation) -> list[str]:
    if not made.seed:
        return []
    options = ["--create-dirs", "--uid", "0", "--gid", "0", "--mode", "0600"]
    push = [*program, "file", "push", "--quiet", *options, "-", plan.name + SEED]
    return [f"{shlex.join(push)} <<'{END}'", made.seed.decode() + END]


def import_lines(program: Sequence[str], plan: Plan, alias: str) -> list[str]:
    """Return the lines that import a plan's image into LXD."""
    word = plan.source.location if plan.source.origin is Origin.FILE else plan.variant
    file = f"{plan.variant}.lxd.tar"
    return [
        shlex.join(["abcd-run", "artifact", "--quiet", word, "--to", "lxd", "--output", file]),
        shlex.join([*program, "image", "import", "--quiet", file, "--alias", alias]),
    ]


def _table(name: str, pairs: Mapping[str, object]) -> list[str]:
    """Return a part of a YAML document, one line per key; JSON is valid YAML."""
    rows = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in pairs.items()]
    return [f"{name}:", *rows] if rows else [f"{name}: {{}}"]
