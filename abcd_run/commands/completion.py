"""`completion`: the script that makes a shell complete abcd-run."""

import click
from click.shell_completion import get_completion_class

from abcd_run import report
from abcd_run.commands import options


@click.command()
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(["bash", "zsh", "fish"]))
@options.common
def completion(*, shell: str, as_json: bool, quiet: bool) -> int:
    """Print what makes your shell complete abcd-run.

    \b
    source <(abcd-run completion bash)
    abcd-run completion fish > ~/.config/fish/completions/abcd-run.fish
    """
    from abcd_run.commands.group import cli  # noqa: PLC0415  (it imports this module)

    del quiet
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(cli, {}, "abcd-run", "_ABCD_RUN_COMPLETE").source()
    if as_json:
        report.print_json({"shell": shell, "script": script, "errors": []})
    else:
        click.echo(script)
    return 0
