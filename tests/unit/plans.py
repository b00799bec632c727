"""Plans for tests of runtimes, by what each runtime takes."""

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

MACHINE = Plan(
    name="demo-1",
    image="abcd4demo",
    variant="abcdik4demo",
    kind=Kind.LIVE,
    runtime="libvirt",
    format=Format.ISO,
    source=Source(Origin.STORE, "abcdik4demo", "localhost/abcdik4demo:latest"),
    seed=Seed("demo-1", "abcd", "a-secret-word", image="abcd4demo", runtime="libvirt"),
)
