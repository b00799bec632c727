"""Tests of runtimes that a host may lack: skipped there with the reason, and failed in CI."""

import os

import pytest

from abcd_run.plugins.fleet import Fleet


def demand(fleet: Fleet, *runtimes: str) -> None:
    """Go on only when all of these runtimes can be used."""
    for name in runtimes:
        problem = fleet.absence(name) or fleet.runtime(name).probe().refusal()
        if problem and os.environ.get("CI"):
            pytest.fail(f"{name}: {problem.message}; {problem.remedy}")
        if problem:
            pytest.skip(f"{name}: {problem.message}; {problem.remedy}")
