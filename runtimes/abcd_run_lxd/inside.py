"""Run commands inside an instance with LXD's own client."""

from collections.abc import Sequence

from abcd_run.backend import oci_engine


def line(
    program: Sequence[str],
    name: str,
    command: Sequence[str],
    *,
    user: str,
    folder: str,
    tty: bool,
) -> list[str]:
    """Return the host command that runs `command` in a folder; without one, the user's shell.

    LXD knows users only by number. Names belong to the image: its own `su` looks them up, and sets
    groups and home. As its shell, `su` gets env(1), so no shell parses the arguments and the
    command keeps the terminal.
    """
    words = [*program, "exec", name, "-t" if tty else "-T"]
    who, _, group = user.partition(":")
    if command:
        words += ["--cwd", folder or "/"]
    if who.isdigit():
        words += ["--user", who, "--group", group if group.isdigit() else who]
    elif who not in ("", "root"):
        login = ["su", "-l", who]
        as_user = ["su", "-s", "/usr/bin/env", "--", who, "SHELL=/bin/sh", *command]
        return [*words, "--", *(as_user if command else login)]
    return [*words, "--", *(command or oci_engine.SHELL)]
