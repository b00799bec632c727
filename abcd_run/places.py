"""Where abcd-run reads and keeps files, by the XDG rules."""

import os
from pathlib import Path


def config() -> Path:
    """Return the user's configuration folder."""
    return _base("XDG_CONFIG_HOME", ".config") / "abcd-run"


def cache() -> Path:
    """Return the folder of images and artifacts; `ABCD_RUN_CACHE` moves it off a small home."""
    moved = os.environ.get("ABCD_RUN_CACHE")
    return Path(moved) if moved else _base("XDG_CACHE_HOME", ".cache") / "abcd-run"


def store() -> Path:
    """Return the OCI layout that holds the images that were built or brought here."""
    return cache() / "oci"


def runtime_dir() -> Path | None:
    """Return the user's own folder for sockets, None where the session has none."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return Path(folder) if os.access(folder, os.W_OK) else None


def profile_folders(extra: Path | None = None) -> list[Path]:
    """Return the folders in which profiles are looked for, first wins."""
    listed = os.environ.get("ABCD_RUN_PROFILES", "")
    own = [Path(part).expanduser() for part in listed.split(os.pathsep) if part]
    first = [extra] if extra else []
    return [*first, *own, config() / "profiles", Path("/etc/abcd-run/profiles"), builtin()]


def builtin() -> Path:
    """Return the folder of the profiles that come with abcd-run, installed or in a checkout."""
    here = Path(__file__).parent
    installed = here / "data" / "profiles"
    return installed if installed.is_dir() else here.parent / "profiles"


def _base(variable: str, default: str) -> Path:
    folder = os.environ.get(variable, "")
    # The XDG specification wants relative paths to be ignored.
    return Path(folder) if folder.startswith("/") else Path.home() / default
