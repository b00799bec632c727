"""Commands as Typer's, with the options that all of them have, and the launch of one image."""

import shlex
from typing import Any

from typer.core import TyperArgument, TyperCommand

from abcd_run.commands import options
from abcd_run.errors import UsageError


def common(
    *, as_json: options.Json = False, quiet: options.Quiet = False, verbose: options.Verbose = False
) -> None:
    """Declare the options of every command; its function takes those it uses.

    `commands.run` reads `--verbose`, where it prints unexpected errors.
    """


def with_common(own: list[Any], shared: list[Any]) -> list[Any]:
    """Return a command's parameters, those of `common` last; its function gets those it names."""
    taken, names = {one.name for one in own}, {one.name for one in shared}
    for one in shared:
        one.expose_value = one.name in taken
    return [*(one for one in own if one.name not in names), *shared]


class Command(TyperCommand):
    """A command whose usage line shows its words as they are typed.

    Typer has no public name for the context and formatter classes that it passes.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line; Typer would put brackets around some."""
        words = [one.metavar or "" for one in self.params if isinstance(one, TyperArgument)]
        return [self.options_metavar or "", *words]


class OneImage(Command):
    """The launch: words after IMAGE that are not options must follow `--`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse a second IMAGE, which would otherwise count as a command to run inside."""
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
