"""A pytest plugin: abcd_run sees another system, and nothing that this one alone has.

`ABCD_RUN_ELSEWHERE` is "win32" or "darwin". Modules of ours get `os`, `sys` and others without
what is missing there, cannot import what is not there, and cannot read /proc or /sys. All else,
such as pytest, psutil and the tests themselves, sees the real system.
"""

import builtins
import os
import sys
from types import ModuleType

import pytest

from tests.elsewhere.left_out import is_left_out

OURS = ("abcd_run", "abcd_run_virtualbox")
SYSTEM = os.environ.get("ABCD_RUN_ELSEWHERE", "win32")

LINUX_ALONE = {
    "os": "sched_getaffinity getxattr setxattr listxattr removexattr memfd_create O_TMPFILE "
    "posix_fallocate getresuid setresuid pidfd_open",
    "socket": "AF_NETLINK SO_PEERCRED SOCK_CLOEXEC",
    "signal": "SIGPWR SIGRTMIN SIGRTMAX",
    "fcntl": "F_SETPIPE_SZ",
}
"""What Linux has, and neither macOS nor Windows."""

NO_MODULES = {"fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "syslog", "readline"}
"""The modules that Windows does not have."""

POSIX = {
    "os": "getuid geteuid getgid getegid getgroups setuid setgid uname killpg fork forkpty setsid "
    "getsid setpgid getpgid fchmod chown fchown lchown chroot sysconf statvfs fstatvfs pread "
    "pwrite set_blocking get_blocking mkfifo mknod openpty nice getloadavg getpriority sendfile "
    "posix_spawn register_at_fork WEXITSTATUS O_NOFOLLOW O_DIRECTORY O_CLOEXEC O_NONBLOCK "
    "O_NOCTTY O_SYNC",
    "socket": "AF_UNIX",
    "signal": "SIGKILL SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGCHLD SIGSTOP SIGCONT SIGTSTP SIGPIPE "
    "SIGALRM SIGWINCH SIGXFSZ pthread_sigmask pthread_kill sigwait alarm setitimer",
    "time": "clock_gettime",
}
"""What Windows lacks besides."""

ADDED: dict[str, dict[str, object]] = {
    "sys": {"platform": SYSTEM},
    "os": {"O_BINARY": 0},
    "subprocess": {"CREATE_NEW_PROCESS_GROUP": 0},
}
HIDDEN = ("/proc", "/sys", "/dev/shm", "/run/user")


class Seen(ModuleType):
    """A module as another system has it."""

    def __init__(self, real: ModuleType, gone: frozenset[str], added: dict[str, object]) -> None:
        super().__init__(real.__name__)
        object.__setattr__(self, "_seen", (real, gone, added))

    def __getattribute__(self, name: str) -> object:
        whole: tuple[ModuleType, frozenset[str], dict[str, object]]
        whole = object.__getattribute__(self, "_seen")
        real, gone, added = whole
        if name in gone:
            raise AttributeError(f"{real.__name__}.{name} is not on {SYSTEM}")
        return added[name] if name in added else getattr(real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(object.__getattribute__(self, "_seen")[0], name, value)


def _seen() -> dict[str, ModuleType]:
    lists = [LINUX_ALONE, POSIX] if SYSTEM == "win32" else [LINUX_ALONE]
    names = {*ADDED, *(name for one in lists for name in one)}
    gone = {name: [word for one in lists for word in one.get(name, "").split()] for name in names}
    added = ADDED if SYSTEM == "win32" else {"sys": ADDED["sys"]}
    return {
        name: Seen(__import__(name), frozenset(gone[name]), added.get(name, {})) for name in names
    }


def _is_ours(name: object) -> bool:
    return str(name).partition(".")[0] in OURS


def _install() -> None:
    real, seen = builtins.__import__, _seen()
    missing = NO_MODULES if SYSTEM == "win32" else set()

    def imported(name, globals=None, locals=None, fromlist=(), level=0):  # type: ignore[no-untyped-def]  # noqa: A002
        if level or not _is_ours((globals or {}).get("__name__")):
            return real(name, globals, locals, fromlist, level)
        if name in missing:
            raise ModuleNotFoundError(f"No module named {name!r} on {SYSTEM}", name=name)
        module = real(name, globals, locals, fromlist, level)
        return seen.get(name, module)

    builtins.__import__ = imported


def _hide(event: str, arguments: tuple[object, ...]) -> None:
    if event not in {"open", "os.listdir", "os.scandir"} or not isinstance(arguments[0], str):
        return
    if arguments[0].startswith(HIDDEN) and _is_ours(_caller()):
        raise FileNotFoundError(2, f"hidden on {SYSTEM}", arguments[0])


def _caller() -> str:
    """Return the module that opens a file, past the standard library's own."""
    frame = sys._getframe(2)
    while frame.f_back and str(frame.f_globals.get("__name__")) in {"pathlib", "io", "codecs"}:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that say nothing about this system."""
    left_out = [one for one in items if is_left_out(one.nodeid, SYSTEM)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [one for one in items if one not in left_out]


_install()
sys.addaudithook(_hide)
