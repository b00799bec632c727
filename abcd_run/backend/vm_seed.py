"""The seed CD, which gives a virtual machine its identity."""

import json
from pathlib import Path

from abcd_run.backend.vm_ssh import public_key
from abcd_run.host import this_host
from abcd_run.model import Plan


def seed_values(plan: Plan, *, key: str) -> dict[str, str]:
    """Return the values on the seed CD: the seed, the key, shares and variables."""
    values = {**plan.seed.environment(), "ABCD_EXEC_KEY": key}
    if plan.shares:
        # The host's file system stores owners by number: the user needs the same number inside.
        values["ABCD_UID"] = str(this_host.user())
    for number, share in enumerate(plan.shares):
        values[f"ABCD_SHARE_{number}"] = share.target + (":ro" if share.read_only else "")
    return values | {f"ABCD_ENV_{name}": value for name, value in plan.env.items()}


def user_data(plan: Plan, *, key: str) -> str:
    """Return the same as a cloud-config, for images that read one: Kairos, cloud-init."""
    from abcd_run.iso import cloud_config  # noqa: PLC0415  (listing instances does not need it)

    seed = plan.seed
    return cloud_config.user_data(
        hostname=seed.hostname,
        user=seed.user,
        password=seed.password,
        keys=[line for line in (seed.ssh_key, key) if line],
    )


def meta_data(plan: Plan) -> str:
    """Return cloud-init's meta-data."""
    return json.dumps({"instance-id": plan.name, "local-hostname": plan.seed.hostname})


def write_seed(plan: Plan, target: Path) -> None:
    """Write a plan's seed CD."""
    from abcd_run.iso import seed  # noqa: PLC0415  (listing instances does not need it)

    key = public_key()
    seed.write_seed(
        target,
        user_data=user_data(plan, key=key),
        meta_data=meta_data(plan),
        values=seed_values(plan, key=key),
    )


def seed_files(plan: Plan) -> dict[str, str]:
    """Return the files on a plan's seed CD, by name."""
    from abcd_run.iso import seed  # noqa: PLC0415

    key = public_key()
    return {
        "user-data": user_data(plan, key=key),
        "meta-data": meta_data(plan),
        "abcd-seed": seed.lines(seed_values(plan, key=key)),
    }
