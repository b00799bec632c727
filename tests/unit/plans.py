"""A plan for tests of runtimes that take containers."""

from abcd_run.model import Format, Kind, Origin, Plan, Seed, Service, Source

CONTAINER = Plan(
    name="demo-1",
    image="demo",
    variant="abcdicdemo",
    kind=Kind.CONTAINER,
    runtime="fake",
    format=Format.OCI,
    source=Source(Origin.STORE, "abcdicdemo", "localhost/abcdicdemo:latest"),
    seed=Seed(hostname="demo-1", user="abcd", password="secret-secret"),
    profile="demo.toml",
    services=(Service("web", 8080, "http"), Service("ssh", 22, "ssh")),
)
