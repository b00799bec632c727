"""Where abcd-run reads and keeps files, by the XDG rules."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from abcd_run.errors import UsageError

SESSIONS = Path("/run/user")
"""Where the system makes each user who logs in a folder for sockets, named by the uid."""


def config() -> Path:
    """Return the user's configuration folder."""
    return _base("XDG_CONFIG_HOME", ".config") / "abcd-run"


def cache() -> Path:
    """Return the folder of images and artifacts; `ABCD_RUN_CACHE` moves it off a small home."""
    moved = os.environ.get("ABCD_RUN_CACHE")
    if moved:
        return Path(moved).absolute()
    folder = _base("XDG_CACHE_HOME", ".cache") / "abcd-run"
    # Earlier versions left it open: others could read images and hold the locks in it.
    with suppress(OSError):
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    return folder


def store() -> Path:
    """Return the OCI layout that holds the images that were built or brought here."""
    return cache() / "oci"


def runtime_dir() -> Path | None:
    """Return the user's own folder for sockets, None where the session has none.

    Passwords and sockets lie there: as the XDG specification says it must be the user's own, with
    access for nobody else. What another user's environment names, after su, is not; su may leave
    the variable out, though the folder is there all the same.
    """
    named, usual = os.environ.get("XDG_RUNTIME_DIR", ""), SESSIONS / str(os.getuid())
    return next((folder for folder in (Path(named), usual) if _is_private(folder)), None)


def runtime_dir_problem() -> str:
    """Return what is wrong with the folder that XDG_RUNTIME_DIR names, empty if nothing is."""
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if not named or _is_private(Path(named)):
        return ""
    return f"{named} is not used: it is not this user's folder with mode 0700"


def profile_folders(extra: Path | None = None) -> list[Path]:
    """Return the folders in which profiles are looked for, first wins."""
    listed = os.environ.get("ABCD_RUN_PROFILES", "")
    own = [Path(part).expanduser() for part in listed.split(os.pathsep) if part]
    first = [extra] if extra else []
    return [*first, *own, config() / "profiles", Path("/etc/abcd-run/profiles"), builtin()]


def builtin() -> Path:
    """Return the folder of the profiles that come with abcd-run, installed or in a checkout."""
    here = Path(__file__).parents[1]
    installed = here / "data" / "profiles"
    return installed if installed.is_dir() else here.parent / "profiles"


def _is_private(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    own = status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode)
    return (
        own and folder.is_absolute() and not status.st_mode & 0o077 and os.access(folder, os.W_OK)
    )


def _base(variable: str, default: str) -> Path:
    folder = os.environ.get(variable, "")
    # The XDG specification wants relative paths to be ignored.
    return Path(folder) if folder.startswith("/") else _home() / default


def _home() -> Path:
    """Return the user's home: HOME, or what the host says where that is none."""
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
