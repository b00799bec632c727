"""The engines that tests outside the contract may use."""

import os

import pytest

from abcd_run.host import xdg
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.testing.present import demand

NAMED = os.environ.get("ABCD_RUN_ENGINES", "").replace(",", " ").split()
"""The engines to test, none for all of them."""

USUAL_VIRTUALBOX = ("VBOX_USER_HOME", str(xdg.config_home() / "VirtualBox"))
"""For tests with settings of their own: VirtualBox's server keeps the folder that it was started
with for some seconds, and for whoever comes next; the usual one says how to do without a driver."""


def is_named(runtime: str) -> bool:
    """Say whether a runtime is among the engines to test."""
    return not NAMED or runtime in NAMED


def need(*runtimes: str) -> None:
    """Skip tests for which this host lacks one of these; in CI they fail."""
    for name in runtimes:
        if not is_named(name):
            pytest.skip(f"{name} is not among ABCD_RUN_ENGINES")
    with Fleet(Registry.installed()) as fleet:
        demand(fleet, *runtimes)


def need_nothing_running() -> None:
    """Skip tests that stop everything where this user has instances; in CI they fail."""
    with Fleet(Registry.installed()) as fleet:
        names = [one.name for one in fleet.instances(detail=False)[0]]
    if names:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"it would stop {names}")
