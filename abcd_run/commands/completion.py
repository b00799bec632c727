"""`completion`: the script that lets a shell complete abcd-run, and the answers it asks for."""

import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import typer.completion

from abcd_run.commands import options
from abcd_run.commands.group import COMPLETES, NAME, cli
from abcd_run.errors import UsageError
from abcd_run.host import xdg
from abcd_run.report import for_scripts

LINES = {
    "bash": f'! command -v {NAME} >/dev/null || eval "$({NAME} completion bash)"',
    "zsh": "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }; "
    f'! command -v {NAME} >/dev/null || eval "$({NAME} completion zsh)"',
    "fish": f"{NAME} completion fish | source",
}
"""What a shell reads when it starts, or fish when it first completes: always today's script."""

LARGEST = 1 << 20
"""Bytes of settings that are searched for the line."""


def completion(
    *, shell: options.Shell, install: options.Install = False, as_json: options.Json = False
) -> int:
    """Print the script that lets your shell complete abcd-run.

    \b
    abcd-run completion bash --install          for every new shell; zsh and fish too
    source <(abcd-run completion bash)          for this one
    """
    with redirect_stdout(io.StringIO()) as printed:
        answer(f"source_{shell}")
    # In a folder of completions, zsh heeds the first line alone.
    script = printed.getvalue().strip() + "\n"
    settings = add_to_settings(shell) if install else None
    if as_json:
        installed = {"settings": str(settings)} if settings else {}
        document = {"shell": shell, "script": script, **installed, "errors": []}
        for_scripts.print_json(document)
    elif settings:
        sys.stdout.write(f"{settings} loads it in every new {shell}\n")
    else:
        sys.stdout.write(script)
    return 0


def add_to_settings(shell: str) -> Path:
    """Add the line to a shell's settings unless it is there, and return their path."""
    path = _settings(shell)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        before = file.read(LARGEST + 1)
        if len(before) > LARGEST:
            raise UsageError(f"{path} is too large", remedy=f"add this line to it: {LINES[shell]}")
        if LINES[shell].encode() not in before.splitlines():
            # Appended: whatever happens, the settings of before are still there.
            start = b"" if before.endswith(b"\n") or not before else b"\n"
            file.write(start + LINES[shell].encode() + b"\n")
    return path


def _settings(shell: str) -> Path:
    if shell == "fish":
        return xdg.config().parent / "fish" / "completions" / f"{NAME}.fish"
    if shell == "zsh" and (elsewhere := os.environ.get("ZDOTDIR")):
        return Path(elsewhere, ".zshrc")
    return xdg.home() / f".{shell}rc"


def answer(instruction: str) -> int:
    """Print what a shell's script asks for through `COMPLETES`, and return its status."""
    # This call registers the shells; the options it returns are not needed.
    typer.completion.get_completion_inspect_parameters()
    try:
        return typer.completion.shell_complete(cli, {}, NAME, COMPLETES, instruction)
    except SystemExit as ended:  # this tells fish whether there is anything to offer
        return ended.code if isinstance(ended.code, int) else 1
