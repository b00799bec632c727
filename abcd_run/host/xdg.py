"""Where abcd-run reads and keeps files: by the XDG rules, and on Windows and macOS by theirs."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from abcd_run.errors import UsageError
from abcd_run.host import this_host

XDG = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "data": ("XDG_DATA_HOME", ".local/share"),
}
SESSIONS = Path("/run/user")
"""Where the system creates a folder for sockets for each logged-in user, named by uid."""


def config() -> Path:
    """Return the user's configuration folder."""
    return _own("config")


def config_home() -> Path:
    """Return the folder of all programs' settings; fish has its own there on every system."""
    return _base("XDG_CONFIG_HOME", ".config")


def data_home() -> Path:
    """Return the folder of all programs' data, where other XDG programs keep theirs."""
    return _base("XDG_DATA_HOME", ".local/share")


def cache() -> Path:
    """Return the folder of images and artifacts; `ABCD_RUN_CACHE` can move it off a small home."""
    moved = os.environ.get("ABCD_RUN_CACHE")
    if moved:
        return Path(moved).absolute()
    folder = _own("cache")
    # Earlier versions left it open: others could read images and hold locks in it.
    with suppress(OSError):
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    return folder


def homes() -> Path:
    """Return the folder of the homes that are kept for instances."""
    return _own("data") / "homes"


def store() -> Path:
    """Return the OCI layout that holds the images that were built or fetched."""
    return cache() / "oci"


def runtime_dir() -> Path | None:
    """Return the user's own folder for sockets; None if the session has none.

    It holds passwords and sockets, so it must be private to the user, as the XDG specification
    requires. After su, the variable may name another user's folder, which is refused, or be
    missing although the user's folder exists.
    """
    named, usual = os.environ.get("XDG_RUNTIME_DIR", ""), SESSIONS / str(this_host.user())
    return next((folder for folder in (Path(named), usual) if _is_private(folder)), None)


def runtime_dir_problem() -> str:
    """Return what is wrong with the folder that XDG_RUNTIME_DIR names; empty if nothing is."""
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if not named or _is_private(Path(named)):
        return ""
    return f"{named} is not used: it is not this user's folder with mode 0700"


def profile_folders(extra: Path | None = None) -> list[Path]:
    """Return the folders to search for profiles; the first match wins."""
    listed = os.environ.get("ABCD_RUN_PROFILES", "")
    own = [Path(part).expanduser() for part in listed.split(os.pathsep) if part]
    first = [extra] if extra else []
    # On Windows, any user may make a folder at the top of a disk.
    hosts = [] if sys.platform == "win32" else [Path("/etc/abcd-run/profiles")]
    return [*first, *own, config() / "profiles", *hosts, builtin()]


def builtin() -> Path:
    """Return the folder of the built-in profiles, installed or in a checkout."""
    here = Path(__file__).parents[1]
    installed = here / "data" / "profiles"
    return installed if installed.is_dir() else here.parent / "profiles"


def _is_private(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    own = status.st_uid == this_host.user() and stat.S_ISDIR(status.st_mode)
    return (
        own and folder.is_absolute() and not status.st_mode & 0o077 and os.access(folder, os.W_OK)
    )


def _own(kind: str) -> Path:
    """Return our folder for "config", "cache" or "data"."""
    if sys.platform in {"win32", "darwin"}:
        import platformdirs  # noqa: PLC0415  (not installed elsewhere)

        folder: Path = getattr(platformdirs, f"user_{kind}_path")("abcd-run", appauthor=False)
        return folder
    return _base(*XDG[kind]) / "abcd-run"


def _base(variable: str, default: str) -> Path:
    folder = os.environ.get(variable, "")
    # The XDG specification says to ignore relative paths.
    return Path(folder) if folder.startswith("/") else home() / default


def home() -> Path:
    """Return the user's home: HOME, or the host's entry if HOME is unusable."""
    if sys.platform == "win32":
        return Path.home()
    import pwd  # noqa: PLC0415  (there is none on Windows)

    named = os.environ.get("HOME", "")
    if named.startswith("/"):
        return Path(named)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise UsageError(
            f"the user with uid {os.getuid()} has no home folder",
            remedy="export HOME=/a/folder/of/yours",
        ) from None
