"""The seed of an artifact, if a person has given one: in its initrd, or as a second CD beside it.

A runtime's own seed is another matter: it is made at each launch.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from abcd_run.host.part_file import companion
from abcd_run.iso import cloud_config

if TYPE_CHECKING:
    from pathlib import Path

    from abcd_run.model import Plan

CD: Final = "-seed.iso"
"""The end of the second CD's name, after the artifact's without its ending."""


def is_given(plan: Plan) -> bool:
    """Say whether a person has given one."""
    return bool(plan.seed.user)


def file(plan: Plan) -> bytes:
    """Return the seed as a file for a shell, empty if none was given. Raises `ArtifactError`."""
    if not is_given(plan):
        return b""
    from abcd_run.iso import seed  # noqa: PLC0415  (few artifacts have one)

    return seed.lines(_values(plan)).encode()


def beside(plan: Plan, out: Path) -> tuple[str, ...]:
    """Return the name of the CD beside an artifact, if it has one."""
    return (out.stem + CD,) if is_given(plan) else ()


def write(plan: Plan, part: Path, out: Path) -> None:
    """Write the CD as a companion of the artifact's part, readable for its owner alone."""
    for name in beside(plan, out):
        write_cd(plan, companion(part, name))


def write_cd(plan: Plan, target: Path) -> None:
    """Write the CD's image, readable for its owner alone; a stick has it as a partition."""
    from abcd_run.iso import seed  # noqa: PLC0415  (what it takes is not installed everywhere)

    given = plan.seed
    seed.write_seed(
        target,
        user_data=cloud_config.user_data(
            hostname=given.hostname,
            user=given.user,
            password=given.password,
            keys=[given.ssh_key] if given.ssh_key else [],
        ),
        meta_data=json.dumps({"local-hostname": given.hostname or plan.image}),
        values=_values(plan),
    )


def _values(plan: Plan) -> dict[str, str]:
    values = {key: value for key, value in plan.seed.environment().items() if value}
    return values | {f"ABCD_ENV_{name}": value for name, value in plan.env.items()}
