"""Where kubectl finds its configuration."""

import os
from pathlib import Path


def kubeconfigs() -> list[Path]:
    """Return the files that kubectl would read, most important first; they may not exist."""
    listed = os.environ.get("KUBECONFIG", "")
    named = [Path(one).expanduser() for one in listed.split(os.pathsep) if one]
    return named or [Path.home() / ".kube" / "config"]
