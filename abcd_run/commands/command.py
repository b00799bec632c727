"""What a command is here: Typer's, with a usage line as it is read, and a launch of one image."""

import shlex
from typing import Any

from typer.core import TyperArgument, TyperCommand

from abcd_run.errors import UsageError


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
