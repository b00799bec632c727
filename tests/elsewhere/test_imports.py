"""Every module of the core and of VirtualBox's backend can be imported on another system."""

import importlib
import pkgutil
import sys

import pytest

import abcd_run
import abcd_run_virtualbox
from abcd_run.host import this_host
from tests.elsewhere.plugin import SYSTEM

NOT_ON_WINDOWS = (
    "abcd_run.testing", "abcd_run.host.locks_posix", "abcd_run.transfer.copying",
    "abcd_run.transfer.pack", "abcd_run.transfer.piped", "abcd_run.transfer.tree",
    "abcd_run.transfer.unpack",
)  # fmt: skip
"""What nothing imports there."""


def _modules() -> list[str]:
    names = [
        one.name
        for package in (abcd_run, abcd_run_virtualbox)
        for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [one for one in names if not (SYSTEM == "win32" and one.startswith(NOT_ON_WINDOWS))]


@pytest.mark.parametrize("name", _modules())
def test_it_is_imported(name: str) -> None:
    importlib.import_module(name)


def test_what_is_missing_is_missing() -> None:
    """The other tests here would say nothing if the plugin did nothing."""
    seen = vars(this_host)
    assert seen["sys"].platform == SYSTEM != sys.platform
    assert hasattr(seen["os"], "getuid") is (SYSTEM == "darwin")
