"""What a person asked for, before anything is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from abcd_run.model import Share
from abcd_run.registry import AUTO


@dataclass(frozen=True, slots=True)
class Request:
    """One command line; `None` and empty mean that the profile decides."""

    image: str
    on: tuple[str, ...] = (AUTO,)
    count: int = 1
    name: str = ""
    address: str = "127.0.0.1"
    publish: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    password: str = field(default="", repr=False)
    command: tuple[str, ...] = ()
    pull: str = "missing"
    timeout: float = 0
    rootful: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
