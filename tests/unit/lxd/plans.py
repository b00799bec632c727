"""A plan for tests, and its configuration."""

from abcd_run.model import Format, Kind, Origin, Plan, Seed, Service, Source
from abcd_run_lxd import document
from abcd_run_lxd.images import Image
from abcd_run_lxd.shares import Ownership

PLAN = Plan(
    name="demo-lxd-1",
    image="demo",
    variant="abcdicdemo",
    kind=Kind.CONTAINER,
    runtime="lxd",
    format=Format.LXD,
    source=Source(Origin.STORE, "abcdicdemo", "localhost/abcdicdemo:latest"),
    seed=Seed(hostname="demo-lxd-1", user="abcd", password="secret-secret"),
    profile="demo.toml",
    services=(Service("web", 8080, "http"), Service("ssh", 22, "ssh")),
)
IMAGE = Image(environment={"PATH": "/bin", "GREETING": "from the image"}, start=("/init",))


NOBODY = Ownership()


def config(plan: Plan = PLAN, *, low_level: bool = True) -> dict[str, str]:
    return document.config(plan, IMAGE, NOBODY, low_level=low_level)
