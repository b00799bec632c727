"""What a command is here: Typer's, with the options that all have, and a launch of one image."""

import shlex
from typing import Any

from typer.core import TyperArgument, TyperCommand

from abcd_run.commands import options
from abcd_run.errors import UsageError


def common(
    *, as_json: options.Json = False, quiet: options.Quiet = False, verbose: options.Verbose = False
) -> None:
    """Declare the options of every command: its function takes those that it uses.

    `--verbose` is read where unexpected errors are printed, in `commands.run`.
    """


def with_common(own: list[Any], shared: list[Any]) -> list[Any]:
    """Return a command's parameters, those of `common` last; its function gets what it names."""
    taken, names = {one.name for one in own}, {one.name for one in shared}
    for one in shared:
        one.expose_value = one.name in taken
    return [*(one for one in own if one.name not in names), *shared]


class Command(TyperCommand):
    """A command whose usage names its words as they are typed.

    Typer has no public name for the classes of the context and the formatter that it hands over.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line; Typer would put brackets around some."""
        words = [one.metavar or "" for one in self.params if isinstance(one, TyperArgument)]
        return [self.options_metavar or "", *words]


class OneImage(Command):
    """The launch: words after IMAGE that are no option must stand behind `--`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse a second IMAGE, which would otherwise be taken for a command to run inside."""
        after = len(args) - args.index("--") - 1 if "--" in args else 0
        rest = super().parse_args(ctx, args)
        command: tuple[str, ...] = ctx.params.get("command") or ()
        if len(command) > after and not ctx.resilient_parsing:
            image, word = ctx.params["image"], command[0]
            raise UsageError(
                f"one IMAGE at a time: {word!r} is another",
                remedy=f"abcd-run {image} -- {shlex.join(command)}   if that is a command to run",
            )
        return rest
