"""What Python programs use: `Session`, what its methods return, and its events.

Each name is imported on first use: the command line's start-up time is tested.
"""

import importlib
from typing import TYPE_CHECKING

from abcd_run.session.session import Session

if TYPE_CHECKING:
    from abcd_run.launch.launched import Launched
    from abcd_run.plan.arguments import Publish
    from abcd_run.session.catalogue import FamilyReference, Image, Images
    from abcd_run.session.events import Event
    from abcd_run.session.hosts import Diagnosis, Fits, RuntimeStatus
    from abcd_run.session.images import Pulled, PulledImage, Written
    from abcd_run.session.inside import Executed
    from abcd_run.session.launches import Plans
    from abcd_run.session.publish import Published, PublishedVariant
    from abcd_run.session.results import Instances, Removed
    from abcd_run.session.sticks import ListedDisk, WrittenStick
    from abcd_run.session.unkept import Unkept
    from abcd_run.transfer.values import Copied
    from abcd_run.verify.values import Checked, Row, Verified

__all__ = [
    "Checked",
    "Copied",
    "Diagnosis",
    "Event",
    "Executed",
    "FamilyReference",
    "Fits",
    "Image",
    "Images",
    "Instances",
    "Launched",
    "ListedDisk",
    "Plans",
    "Publish",
    "Published",
    "PublishedVariant",
    "Pulled",
    "PulledImage",
    "Removed",
    "Row",
    "RuntimeStatus",
    "Session",
    "Unkept",
    "Verified",
    "Written",
    "WrittenStick",
]

_HOMES = {
    "Checked": "abcd_run.verify.values",
    "Copied": "abcd_run.transfer.values",
    "Diagnosis": "abcd_run.session.hosts",
    "Event": "abcd_run.session.events",
    "Executed": "abcd_run.session.inside",
    "FamilyReference": "abcd_run.session.catalogue",
    "Fits": "abcd_run.session.hosts",
    "Image": "abcd_run.session.catalogue",
    "Images": "abcd_run.session.catalogue",
    "Instances": "abcd_run.session.results",
    "Launched": "abcd_run.launch.launched",
    "ListedDisk": "abcd_run.session.sticks",
    "Plans": "abcd_run.session.launches",
    "Publish": "abcd_run.plan.arguments",
    "Published": "abcd_run.session.publish",
    "PublishedVariant": "abcd_run.session.publish",
    "Pulled": "abcd_run.session.images",
    "PulledImage": "abcd_run.session.images",
    "Removed": "abcd_run.session.results",
    "Row": "abcd_run.verify.values",
    "RuntimeStatus": "abcd_run.session.hosts",
    "Unkept": "abcd_run.session.unkept",
    "Verified": "abcd_run.verify.values",
    "Written": "abcd_run.session.images",
    "WrittenStick": "abcd_run.session.sticks",
}

if not TYPE_CHECKING:  # a type checker would believe that every name exists

    def __getattr__(name: str) -> object:
        """Import a name on first use."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_HOMES[name]), name)
