"""Type what the pages say, as a person in a new account does: `python3 -m tests.walk.walk [PAGE…]`.

Each page is one shell, so that `cd` and variables last; the first command that fails ends it. Needs
nothing but Python: abcd-run comes by README's own lines.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.walk import page

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 1200
HOME = Path.home()
PATH = f"{HOME}/.local/bin:/usr/local/bin:/usr/bin:/bin"
"""After the next login; without what the tests' engines bring to their own user."""

# What stands before each page's own lines.
SHELL = """
set -eu -o pipefail
trap 'echo "walk: failed: $BASH_COMMAND"' ERR
sudo() { echo "walk: left out, it takes root: sudo $*"; }
# What lasts until Ctrl-C gets it.
abcd-run() {
  case " $* " in
    *" wall "* | *" logs -f "*)
      local status=0
      timeout -s INT 5 abcd-run "$@" </dev/null || status=$?
      [ "$status" -eq 124 ] || [ "$status" -eq 130 ] ;;
    *) command abcd-run "$@" </dev/null ;;
  esac
}
"""

STAND_IN = 'summary = "Stands in for Plasma, which takes minutes to build"\nparent = "abcd4demo"\n'
"""The desktop is tried elsewhere; here it is the commands that are."""

LEFT_OUT = {
    "make deb": "tests/deb installs it in a bare Debian",
    "apt install ./": "the same",
    "man abcd-run": "the same",
    "libvirt": "this account has podman alone",
    "open --tab": "there is no machine",
    "write abcd4demo": "there is no stick",
    "netboot": "there is no room of machines",
    "registry.example": "there is no such registry",
    "docker.io": "it takes the internet",
    "screenshot": "the image has no screen",
    "verify": "there is one runtime",
    "suspend": "it takes cgroups that are delegated",
}
FILLED = {"FILE…": "notes.txt", ":FOLDER": ":", "-- CMD": "-- id"}
"""What a person would put for the words in capitals; NAME is an instance's."""


def main() -> int:
    """Walk the pages, and return the exit status."""
    checkout, wanted = Path(__file__).parents[2], sys.argv[1:]
    walks: dict[str, Callable[[], list[str]]] = {
        "install": lambda: installing(checkout),
        "README": lambda: using(checkout),
        "student": lambda: whole(checkout / "docs/student.md"),
        "teacher": lambda: whole(checkout / "docs/teacher.md"),
        "keeping": lambda: filled(whole(checkout / "docs/keeping.md"), "abcd4desktop-podman-1"),
    }
    (HOME / "stand-in").mkdir(exist_ok=True)
    (HOME / "stand-in/abcd4desktop.toml").write_text(STAND_IN)
    for name, lines in walks.items():
        if not wanted or name in wanted:
            status = typed(name, lines())
            if status:
                return status
    return 0


def installing(checkout: Path) -> list[str]:
    """README's ways to install for oneself."""
    return [f"cd {checkout}", *page.blocks(page.section(checkout / "README.md", "Install it"))]


def using(checkout: Path) -> list[str]:
    """README's table of what a person wants."""
    lines = page.rows(page.section(checkout / "README.md", "Use it"))
    return ["mkdir -p ~/work", "echo mine >notes.txt", *filled(lines, "abcd4demo-podman-1")]


def filled(blocks: list[str], name: str) -> list[str]:
    """Return lines with words put for those in capitals, each after what happens before it."""
    lines = []
    for line in "\n".join(blocks).splitlines():
        for word, put in {**FILLED, "NAME": name}.items():
            line = line.replace(word, put)  # noqa: PLW2901
        lines += [*before(line, name), line]
    return lines


def before(line: str, name: str) -> list[str]:
    """What has happened before a person types a line."""
    if "image.oci.tar" in line:
        return ["abcd-run artifact abcd4demo --to oci -o image.oci.tar"]
    if line.startswith("abcd-run start "):  # a reboot
        launched = f"podman container exists {name} || abcd-run --on podman abcd4demo"
        return [launched, f"podman stop -t 1 {name}"]
    if "publish web=8080" in line:
        return ["abcd-run stop --all"]
    return []


def whole(file: Path) -> list[str]:
    """Every block of a page."""
    return [
        block for name in page.headings(file) for block in page.blocks(page.section(file, name))
    ]


def typed(name: str, blocks: list[str]) -> int:
    """Type blocks into one shell, in a new folder; return its exit status."""
    folder = HOME / f"walk-{name}"
    folder.mkdir(exist_ok=True)
    lines = [line for block in blocks for line in kept(block)]
    environ = {**os.environ, "PATH": PATH, "BROWSER": "true"}
    environ["ABCD_RUN_PROFILES"] = str(HOME / "stand-in")
    print(f"walk: {name}: {len(lines)} lines", flush=True)  # noqa: T201
    ended = subprocess.run(
        ["/bin/bash", "-c", "\n".join([SHELL, "set -v", *lines, "abcd-run stop --all --yes", ""])],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        check=False,
    )
    print(f"walk: {name}: {'failed' if ended.returncode else 'works as written'}", flush=True)  # noqa: T201
    return ended.returncode


def kept(block: str) -> list[str]:
    """A block's lines without those that cannot be typed here, each with why."""
    lines = []
    for line in block.splitlines():
        why = next((f"{word}: {why}" for word, why in LEFT_OUT.items() if word in line), "")
        lines.append(f"echo 'walk: left out, {why}'" if why else line)
    return lines


if __name__ == "__main__":
    sys.exit(main())
