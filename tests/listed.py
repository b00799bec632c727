"""The instances that `abcd-run ps` lists, whatever the engines are busy with."""

from typing import Any

from abcd_run.testing.cli import abcd_run
from tests.waiting import until

ANSWER_SECONDS = 60
"""Podman answers nobody while it copies an image for somebody's launch with a share."""


def listed(*runtimes: str) -> list[dict[str, Any]]:
    """Return the instances on these runtimes, once each of them has told its own."""
    documents: list[dict[str, Any]] = []

    def all_answered() -> bool:
        documents.append(abcd_run("ps", "--json", "--on", ",".join(runtimes)).json)
        return not documents[-1]["errors"]

    until(all_answered, within=ANSWER_SECONDS)
    instances: list[dict[str, Any]] = documents[-1]["instances"]
    return instances
