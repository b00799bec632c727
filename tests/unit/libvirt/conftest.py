"""A plan to build machines from."""

import pytest

from abcd_run.model import Format, Kind, Origin, Plan, Resources, Seed, Source


@pytest.fixture
def plan() -> Plan:
    return Plan(
        name="demo-1",
        image="abcd4demo",
        variant="abcdik4demo",
        kind=Kind.LIVE,
        runtime="libvirt",
        format=Format.ISO,
        source=Source(Origin.STORE, "abcdik4demo", "localhost/abcdik4demo:latest"),
        seed=Seed("demo-1", "abcd", "a-secret-word", image="abcd4demo", runtime="libvirt"),
        resources=Resources(memory=256 << 20),
    )
