"""Machines in a browser's tab: a small server of the user's on this host shows the page."""

import shutil
import sys

from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime


def _missing() -> Problem | None:
    if sys.platform == "win32":
        return Problem("its pages need Unix sockets, which Python does not have on Windows")
    # They boot a machine once, for the state that its page starts from.
    if shutil.which("node") and shutil.which("npm"):
        return None
    return Problem("node or npm is not installed", "sudo apt install nodejs npm")


def _open() -> Runtime:
    from abcd_run_browser.runtime import BrowserRuntime  # noqa: PLC0415

    return BrowserRuntime()


BACKEND = Backend(
    name="browser",
    preference=1000,  # somebody must open the page: `auto` takes whatever else there is
    accepts=(Format.SITE,),
    missing=_missing,
    open=_open,
    no_folders=True,
)
"""The runtime for pages."""
