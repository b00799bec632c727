"""`exec`, `shell` and `logs`: what goes on inside an instance."""

import os
import sys

from abcd_run import process, record, report
from abcd_run.cancel import each
from abcd_run.commands import options
from abcd_run.errors import AbcdRunError, LaunchFailed
from abcd_run.fleet import Fleet
from abcd_run.model import Instance
from abcd_run.registry import Registry
from abcd_run.runtime import Executes, Logs


def exec_(
    *,
    name: options.Name,
    command: options.Line,
    user: options.User = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Run a command in an instance and end with its status.

    \b
    abcd-run exec abcd4demo-podman-1 -- cat /etc/os-release
    echo hello | abcd-run exec NAME -- tr a-z A-Z
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    line = _line(name, tuple(command), user=user, on=on, tty=terminal)
    if not as_json:
        return _run(line)
    ended = process.ran(line)
    report.print_json(
        {
            "status": ended.returncode,
            "stdout": ended.stdout.decode(errors="replace"),
            "stderr": ended.stderr.decode(errors="replace"),
        }
    )
    return ended.returncode


def shell(
    *,
    name: options.Name,
    user: options.User = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Open a shell in an instance.

    \b
    abcd-run shell abcd4demo-podman-1
    abcd-run shell --user root NAME
    """
    return _run(_line(name, (), user=user, on=on, tty=sys.stdin.isatty()))


def _line(
    name: str, command: tuple[str, ...], *, user: str | None, on: list[str] | None, tty: bool
) -> list[str]:
    with Fleet(Registry.installed()) as fleet:
        found = fleet.find(name, options.split(on))
        runtime = fleet.runtime(found.runtime)
        if not isinstance(runtime, Executes):
            raise AbcdRunError(f"{found.runtime} cannot run commands in its instances")
        _check_running(found)
        who = user if user is not None else record.read(found.labels).account
        return runtime.exec_command(found, command, user=who, tty=tty)


def _check_running(found: Instance) -> None:
    if not found.running:
        raise LaunchFailed(
            f"{found.name} does not run: {found.state}", remedy=f"abcd-run logs {found.name}"
        )


def _run(line: list[str]) -> int:
    # The engine's own command takes over this process: streams, signals, terminal, status.
    sys.stdout.flush()
    os.execvp(line[0], line)  # noqa: S606


def logs(
    *,
    name: options.Name,
    follow: options.Follow = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Print what an instance has printed on its console.

    \b
    abcd-run logs abcd4demo-podman-1
    abcd-run logs -f NAME
    """
    with Fleet(Registry.installed()) as fleet:
        found = fleet.find(name, options.split(on))
        runtime = fleet.runtime(found.runtime)
        if not isinstance(runtime, Logs):
            raise AbcdRunError(f"{found.runtime} keeps no logs")
        pieces = each(runtime.logs(found, follow=follow and not as_json))
        if as_json:
            printed = b"".join(pieces).decode(errors="replace")
            report.print_json({"name": found.name, "log": printed})
            return 0
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    return 0
