"""Put the profiles into the wheel, and leave an editable install to find them in the checkout."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProfilesHook(BuildHookInterface[Any]):
    """Add the data only where it is wanted: editable installs would get a stale copy."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map `profiles/` into the package for a standard wheel."""
        if version == "standard":
            build_data["force_include"]["profiles"] = "abcd_run/data/profiles"
