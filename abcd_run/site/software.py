"""The programs of others in a site: the emulator and the terminal, at pinned versions from npm.

npm checks what it fetches against the digests in `software/package-lock.json`.
"""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from abcd_run.errors import ArtifactError
from abcd_run.host import programs, scratch, xdg
from abcd_run.runtime import Say

PINNED = Path(__file__).with_name("software")
LOCK = "package-lock.json"
PREFIX = "fetching-"
NEEDED = {"node": "nodejs", "npm": "npm"}
"""The programs that make a site, and Debian's packages of them."""

FILES: Mapping[str, str] = {
    "v86/libv86.mjs": "v86/build/libv86.mjs",
    "v86/v86.wasm": "v86/build/v86.wasm",
    "xterm/xterm.mjs": "@xterm/xterm/lib/xterm.mjs",
    "xterm/xterm.css": "@xterm/xterm/css/xterm.css",
    "xterm/addon-fit.mjs": "@xterm/addon-fit/lib/addon-fit.mjs",
    "notices/v86.txt": "v86/LICENSE",
    "notices/xterm.txt": "@xterm/xterm/LICENSE",
    "notices/xterm-addon-fit.txt": "@xterm/addon-fit/LICENSE",
}
"""Files of the site, and which files of the packages they are."""


def require() -> None:
    """Raise `ArtifactError` if this host cannot make a site, with what installs it."""
    if absent := [package for program, package in NEEDED.items() if not shutil.which(program)]:
        raise ArtifactError(
            "this host cannot make a site",
            details=f"missing: {', '.join(absent)}",
            remedy=f"sudo apt install {' '.join(absent)}",
        )


def copy_into(site: Path, *, say: Say) -> None:
    """Copy the programs and their licences into a site; fetch them once. Raises `ArtifactError`."""
    modules = _brought(say)
    for target, source in FILES.items():
        (site / target).parent.mkdir(exist_ok=True)
        shutil.copyfile(modules / source, site / target)


def _brought(say: Say) -> Path:
    """Return the folder with the packages, fetched if they are not here yet."""
    folder = xdg.cache() / "site"
    digest = hashlib.sha256((PINNED / LOCK).read_bytes()).hexdigest()
    here = folder / f"software-{digest[:16]}"
    if here.is_dir():
        return here / "node_modules"
    require()
    with scratch.held(folder, PREFIX) as work:
        fetched = work / "software"
        shutil.copytree(PINNED, fetched)
        programs.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=fetched,
            doing="fetching the emulator",
            say=say,
        )
        try:
            fetched.rename(here)
        except OSError:
            if not here.is_dir():  # another process was quicker
                raise
    return here / "node_modules"
