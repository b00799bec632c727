"""A plan for tests, and its configuration."""

from dataclasses import replace

from abcd_run.model import Format, Plan
from abcd_run_lxd import translate
from abcd_run_lxd.images import Image
from abcd_run_lxd.shares import Ownership
from tests.unit.plans import CONTAINER

PLAN = replace(
    CONTAINER,
    name="demo-lxd-1",
    runtime="lxd",
    format=Format.LXD,
    seed=replace(CONTAINER.seed, hostname="demo-lxd-1"),
)
IMAGE = Image(environment={"PATH": "/bin", "GREETING": "from the image"}, start=("/init",))


NOBODY = Ownership()


def config(plan: Plan = PLAN, *, low_level: bool = True) -> dict[str, str]:
    return translate.config(plan, IMAGE, NOBODY, low_level=low_level)
