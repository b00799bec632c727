"""`exec`, `shell` and `logs`: what happens inside an instance."""

import os
import sys
from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.report import for_scripts
from abcd_run.session import Session

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def exec_(
    *,
    name: options.Name,
    command: options.Line,
    user: options.User = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
) -> int:
    """Run a command in an instance and exit with its status.

    It begins in the home of its user; in an image without homes, where the image says.

    Status 125 means that it was not run: the error says why. 126 and 127 are the command's too, as
    in a shell: not executable, not there.

    \b
    abcd-run exec abcd4demo-podman-1 -- cat /etc/os-release
    echo hello | abcd-run exec NAME -- tr a-z A-Z
    """
    asked = options.split(on)
    with Session() as lab:
        if not as_json:
            terminal = sys.stdin.isatty() and sys.stdout.isatty()
            line = lab.exec_line(name, command, user=user, tty=terminal, on=asked)
        else:
            ended = lab.exec(name, command, user=user, on=asked)
    if not as_json:
        return _run(line)
    document: documents.Executed = {
        "status": ended.status, "stdout": ended.stdout, "stderr": ended.stderr, "errors": [],
    }  # fmt: skip
    for_scripts.print_json(document)
    return ended.status


def shell(*, name: options.Name, user: options.User = None, on: options.Runtimes = None) -> int:
    """Open a shell in an instance.

    Exits with the shell's status, or with 125 if there is none.

    \b
    abcd-run shell abcd4demo-podman-1
    abcd-run shell --user root NAME
    """
    with Session() as lab:
        line = lab.exec_line(name, user=user, tty=sys.stdin.isatty(), on=options.split(on))
    return _run(line)


def _run(line: list[str]) -> int:
    sys.stdout.flush()
    if sys.platform != "win32":
        # The engine's own command takes over this process: streams, signals, terminal, status.
        os.execvp(line[0], line)  # noqa: S606
    import subprocess  # noqa: PLC0415  (only Windows, where it would run beside the prompt)

    return subprocess.run(line, check=False).returncode


def logs(
    *,
    name: options.Name,
    follow: options.Follow = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
) -> int:
    """Print what an instance wrote to its console.

    \b
    abcd-run logs abcd4demo-podman-1
    abcd-run logs -f NAME
    """
    with Session() as lab:
        instance = lab.find(name, options.split(on))
        pieces = lab.logs(instance, follow=follow and not as_json)
        if as_json:
            printed = b"".join(pieces).decode(errors="replace")
            document: documents.Log = {"name": instance.name, "log": printed, "errors": []}
            for_scripts.print_json(document)
            return 0
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    return 0
