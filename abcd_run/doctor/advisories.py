"""Known vulnerabilities in old versions of the programs that run instances, as of one day.

Distributions fix old versions without changing their number. Debian lists the fixes in its
changelogs; for other packages we know only the number. We also checked crun and xpra and found
nothing that an instance could use against its host.
"""

import gzip
import re
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path

from abcd_run.limits import TEXT_BYTES

AS_OF = "2026-11-27"
"""When the table was last compared with the programs' own security notices."""


@dataclass(frozen=True, slots=True)
class Advisory:
    """A vulnerability in a component's versions older than `fixed`, which has one per branch."""

    component: str
    ids: tuple[str, ...]
    fixed: tuple[str, ...]
    possible: str


TABLE = (
    Advisory(
        "lxd",
        ("CVE-2026-48749", "CVE-2026-48750", "CVE-2026-48752"),
        ("5.0.7", "5.21.5", "6.9"),
        "an image's links at rootfs, templates or exec-output can read and write host files",
    ),
    Advisory(
        "lxd",
        ("CVE-2026-63293", "CVE-2026-63294"),
        ("4.0.12", "5.0.8", "5.21.6", "6.10"),
        "an image's links at metadata.yaml or backup.yaml give it root on the host",
    ),
    Advisory(
        "lxd",
        ("CVE-2026-66897",),
        ("4.0.13", "5.0.9", "5.21.7", "6.10"),
        "an image's templates can write host files",
    ),
    Advisory(
        "lxd",
        ("CVE-2026-85185", "CVE-2026-87799"),
        ("4.0.14", "5.0.10", "5.21.8", "6.10"),
        "users who may migrate or restore instances can write host files",
    ),
    Advisory(
        "runc",
        ("CVE-2025-31133", "CVE-2025-52565", "CVE-2025-52881"),
        ("1.2.8", "1.3.3", "1.4.0"),
        "an image that races mounts can escape its container as the engine's user",
    ),
    Advisory(
        "runc",
        ("CVE-2024-21626",),
        ("1.1.12",),
        "an image can reach host files through a leaked directory descriptor",
    ),
    Advisory(
        "nginx",
        ("CVE-2026-123007", "CVE-2026-123633"),
        ("1.30.7", "1.31.9"),
        "an HTTP/2 client can run code in it",
    ),
    Advisory(
        "nginx",
        ("CVE-2026-42945", "CVE-2026-42533"),
        ("1.30.4", "1.31.3"),
        "requests can overflow buffers if its configuration has regex rewrites or maps",
    ),
)

SERVED = ("nginx", "xpra")
"""The packages in an image that serve the outside world."""

DOCUMENTS = Path("/usr/share/doc")
CVE = re.compile(r"CVE-\d{4}-\d{4,7}")


@dataclass(frozen=True, slots=True)
class Package:
    """A package of this host's distribution, and the fixes that its changelog lists."""

    version: str
    fixes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """An advisory that affects a version here; `package` is the distribution's, if there is one.

    For a package inside an image, whose changelog is not available, `version` is the package's.
    """

    advisory: Advisory
    version: str
    package: str = ""

    def says(self) -> str:
        """Return the advisory as a line for people."""
        advisory = self.advisory
        fixed = f"{', '.join(advisory.ids)}; fixed in {', '.join(advisory.fixed)}"
        line = f"{advisory.component} {self.version}: {advisory.possible} ({fixed})"
        if not self.package:
            return line
        if self.package == self.version:
            return f"{line}; the package may contain the fix"
        return f"{line}; its package {self.package} does not list the fix: apt list --upgradable"


def known(component: str, version: str, package: Package | None = None) -> tuple[Known, ...]:
    """Return the advisories for a version like `1.1.5+ds1` or `1:7.2-3`; none if unreadable.

    A `package` counts only if it provides that version.
    """
    numbers = _numbers(version)
    mine = package if package and _numbers(package.version) == numbers else Package("")
    return tuple(
        Known(one, version, mine.version)
        for one in TABLE
        if one.component == component and numbers and _before(numbers, one.fixed)
        if not mine.fixes.issuperset(one.ids)
    )


def package(component: str, *, documents: Path = DOCUMENTS) -> Package | None:
    """Return the Debian package of a component, or None if it has none."""
    line = ["dpkg-query", "--show", "--showformat", "${Version}", component]
    try:
        ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if ended.returncode or not ended.stdout.strip():
        return None
    changes = _changelog(documents / component / "changelog.Debian.gz")
    return Package(ended.stdout.strip(), frozenset(CVE.findall(changes)))


def _changelog(path: Path) -> str:
    """Return the newest part of a changelog; empty if it cannot be read."""
    try:
        with gzip.open(path) as file:
            return file.read(TEXT_BYTES).decode(errors="replace")
    except (OSError, EOFError, zlib.error):
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"(?:\d+:)?[^\d]{0,20}(\d{1,9}(?:\.\d{1,9}){0,5})", version)
    return tuple(map(int, match[1].split("."))) if match else ()


def _before(version: tuple[int, ...], fixed: tuple[str, ...]) -> bool:
    """Compare a version with the fixed one of its own branch, or else with the newest."""
    branches = sorted(_numbers(one) for one in fixed)
    own = [one for one in branches if version[: len(one) - 1] == one[:-1]]
    return version < (own or branches)[-1]
