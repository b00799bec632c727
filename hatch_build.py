"""Put the profiles and the manual pages into the wheel.

An editable install finds the profiles in the checkout.
"""

import subprocess
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataHook(BuildHookInterface[Any]):
    """Add the data only where it is wanted: editable installs would get a stale copy."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map `profiles/` into the package for a standard wheel, and make its manual pages."""
        if version == "standard":
            build_data["force_include"]["profiles"] = "abcd_run/data/profiles"
            self._pages = tempfile.TemporaryDirectory()
            # In a process of its own, from the sources as they are here.
            make = [sys.executable, "-B", "-m", "abcd_run.commands.man_pages", self._pages.name]
            subprocess.run(make, check=True, cwd=self.root)
            build_data["shared_data"][self._pages.name] = "share/man/man1"

    def finalize(self, version: str, *_: object) -> None:
        """Remove what the wheel was made from."""
        if version == "standard":
            self._pages.cleanup()
