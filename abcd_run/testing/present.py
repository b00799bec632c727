"""Skip tests of runtimes that the host lacks, with the reason; in CI they fail."""

import os

import pytest

from abcd_run.plugins.fleet import Fleet


def demand(fleet: Fleet, *runtimes: str) -> None:
    """Continue only if all of these runtimes can be used."""
    for name in runtimes:
        problem = fleet.absence(name) or fleet.runtime(name).probe().refusal()
        if problem and os.environ.get("CI"):
            pytest.fail(f"{name}: {problem.message}; {problem.remedy}")
        if problem:
            pytest.skip(f"{name}: {problem.message}; {problem.remedy}")
