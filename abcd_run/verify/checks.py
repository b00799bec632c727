"""The checks that every image gets."""

from collections.abc import Callable
from dataclasses import dataclass

from abcd_run.limits import MIB
from abcd_run.verify import reading, scripts
from abcd_run.verify.ask import Said
from abcd_run.verify.values import Facts

ROOT = "root"
PERSON = ""
"""The image's own user, as for `abcd-run exec`."""

QUICK_SECONDS, SLOW_SECONDS = 60.0, 900.0
"""An emulated machine takes minutes to hash a desktop's files."""

FILES_BYTES = 32 * MIB


@dataclass(frozen=True, slots=True)
class Question:
    """A command to run inside, as whom, and how to read what it prints; `seconds` at most."""

    name: str
    command: tuple[str, ...]
    read: Callable[[Said], Facts]
    user: str = ROOT
    seconds: float = QUICK_SECONDS
    most: int = MIB


def _question(name: str, script: str, read: Callable[[Said], Facts], user: str = ROOT) -> Question:
    return Question(name, scripts.command(script), read, user)


PACKAGES, USERS = "packages", "users and groups"
PORTS, PROCESSES, SESSION_USER = "listening services", "processes", "session user"
FILES, SIZE, PICTURE, CONTEXT = "base files", "desktop size", "picture", "context"

QUESTIONS = (
    _question("release", scripts.RELEASE, reading.assigned),
    Question(PACKAGES, scripts.command(scripts.PACKAGES), reading.packages, most=16 * MIB),
    _question(USERS, scripts.USERS, reading.users),
    _question("locale", scripts.LOCALE, reading.settings),
    _question("keyboard", scripts.KEYBOARD, reading.settings),
    _question("time zone", scripts.TIME_ZONE, reading.keyed),
    _question(PORTS, scripts.PORTS, reading.ports),
    _question(SESSION_USER, scripts.SESSION_USER, reading.keyed, PERSON),
    _question(PROCESSES, scripts.PROCESSES, reading.names),
    _question(CONTEXT, scripts.CONTEXT, reading.keyed),
)

LIST_FILES = Question(
    "files", scripts.command(scripts.FILES), reading.names,
    seconds=SLOW_SECONDS, most=FILES_BYTES,
)  # fmt: skip
OF_ROOT = _question("root's processes", scripts.OF_ROOT, reading.names)
"""Asked where somebody is root, if somewhere nobody is; no check of its own."""

HASH_FILES = Question(
    "hashes", scripts.command(scripts.HASHES), reading.names,
    seconds=SLOW_SECONDS, most=FILES_BYTES,
)  # fmt: skip

BUILT_IN = (*(one.name for one in QUESTIONS), FILES, SIZE, PICTURE)
"""The names of all of them; what a profile adds is called `profile: NAME`."""
