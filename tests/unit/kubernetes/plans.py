"""A plan for tests of pods."""

from dataclasses import replace

from abcd_run.model import Plan, Resources
from abcd_run_kubernetes import translate
from abcd_run_kubernetes.translate import Document
from tests.unit.plans import CONTAINER

PLAN = replace(
    CONTAINER,
    name="demo-kubernetes-1",
    runtime="kubernetes",
    account="abcd",
    resources=Resources(memory=256 << 20, cpus=0.5, disk=1 << 30),
    seed=replace(CONTAINER.seed, hostname="demo-kubernetes-1"),
)
IMAGE = "registry.example/abcdicdemo@sha256:" + "0" * 64


def pod(plan: Plan = PLAN, *, version: tuple[int, int] = (1, 20)) -> Document:
    return translate.pod(plan, IMAGE, ports=[8080, 22], pushed=True, version=version)
