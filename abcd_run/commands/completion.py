"""`completion`: the script that lets a shell complete abcd-run, and the answers it asks for."""

import io
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import typer.completion

from abcd_run.commands import options
from abcd_run.commands.group import COMPLETES, NAME, cli
from abcd_run.report import for_scripts

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


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
    # This call registers the shells; the options it returns are not needed.
    typer.completion.get_completion_inspect_parameters()
    try:
        return typer.completion.shell_complete(cli, {}, NAME, COMPLETES, instruction)
    except SystemExit as ended:  # this tells fish whether there is anything to offer
        return ended.code if isinstance(ended.code, int) else 1
