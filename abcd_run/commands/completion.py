"""`completion`: the script that lets a shell complete abcd-run, and the answers it asks for."""

import io
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import typer.completion

from abcd_run.commands import completion_scripts, options
from abcd_run.commands.group import COMPLETES, NAME, cli
from abcd_run.errors import UsageError
from abcd_run.host import xdg
from abcd_run.report import for_scripts

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents

LINE = "_TYPER_COMPLETE_ARGS"
"""The variable with the line up to the cursor."""

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
        where = str(settings) if settings else None
        document: documents.Script = {
            "shell": shell, "script": script, "settings": where, "errors": [],
        }  # fmt: skip
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
        return xdg.config_home() / "fish" / "completions" / f"{NAME}.fish"
    if shell == "zsh" and (elsewhere := os.environ.get("ZDOTDIR")):
        return Path(elsewhere, ".zshrc")
    return xdg.home() / f".{shell}rc"


def answer(instruction: str) -> int:
    """Print what a shell's script asks for through `COMPLETES`, and return its status."""
    action, _, shell = instruction.partition("_")
    if action == "source" and shell in completion_scripts.SHELLS:
        sys.stdout.write(completion_scripts.script(shell))
        return 0
    # This call registers the shells; the options it returns are not needed.
    typer.completion.get_completion_inspect_parameters()
    option = _option_apart()
    try:
        with redirect_stdout(io.StringIO()) as words:
            status = typer.completion.shell_complete(cli, {}, NAME, COMPLETES, instruction)
    except SystemExit as ended:  # this tells fish whether there is anything to offer
        status = ended.code if isinstance(ended.code, int) else 1
    lines = filter(None, words.getvalue().splitlines())
    sys.stdout.write("".join(f"{option}{line}\n" for line in lines))
    return status


def _option_apart() -> str:
    """Part the last word of the line if it is `--on=p`, and return its `--on=`.

    Typer would look for the option before it knows the command.
    """
    line = os.environ.get(LINE, "")
    last = re.search(r"(?<=\s)(--[a-z-]+)=(\S*)$", line)
    if not last:
        return ""
    os.environ[LINE] = f"{line[: last.start()]}{last[1]} {last[2]}"
    return f"{last[1]}="
