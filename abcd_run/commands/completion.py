"""`completion`: the script that lets a shell complete abcd-run, and the answers it asks for."""

import io
import os
import re
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import typer.completion

from abcd_run.commands import completion_scripts, options
from abcd_run.commands.group import COMPLETES, NAME, cli
from abcd_run.report import for_scripts

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents

LINE = "_TYPER_COMPLETE_ARGS"
"""The variable with the line up to the cursor."""


def completion(*, shell: options.Shell, as_json: options.Json = False) -> int:
    """Print the script that lets your shell complete abcd-run.

    \b
    source <(abcd-run completion bash)
    abcd-run completion fish > ~/.config/fish/completions/abcd-run.fish
    """
    with redirect_stdout(io.StringIO()) as script:
        answer(f"source_{shell}")
    if as_json:
        document: documents.Script = {"shell": shell, "script": script.getvalue(), "errors": []}
        for_scripts.print_json(document)
    else:
        sys.stdout.write(script.getvalue())
    return 0


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
