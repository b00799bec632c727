"""A plan to build machines from."""

from dataclasses import replace

import pytest

from abcd_run.model import Plan, Resources
from tests.unit.plans import MACHINE


@pytest.fixture
def plan() -> Plan:
    return replace(MACHINE, resources=Resources(memory=256 << 20))
