"""Commands as Typer's, with the options that all of them have, and the launch of one image."""

import shlex
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand

from abcd_run.commands import options
from abcd_run.errors import AbcdRunError, UsageError


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
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        places = options.plain_words(args)
        after = len(args) - args.index("--") - 1 if "--" in args else 0
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except typer.TyperException as error:
            # In `web sh -c ls` the unknown option is the command's.
            if sum(1 for place in places if place < _of_unknown(error, given)) > 1:
                raise _several(ctx, given, places) from error
            raise
        if len(ctx.params.get("command") or ()) > after:
            raise _several(ctx, given, places)
        from abcd_run.commands import mistyped  # noqa: PLC0415  (only a launch asks)

        if mistaken := mistyped.alone(ctx.params["image"], ctx.params.get("profiles")):
            raise mistaken
        return rest


def _of_unknown(error: typer.TyperException, args: list[str]) -> int:
    """Return the place of the option that Typer does not know; 0 for any other error."""
    # Typer has no public name for this error; it knows a letter of `-lah` as `-l`.
    name = getattr(error, "option_name", None)
    options = [place for place, word in enumerate(args) if name and word.startswith(name)]
    return options[0] if options else 0


def _several(ctx: Any, args: list[str], places: list[int]) -> AbcdRunError:
    from abcd_run.commands import mistyped  # noqa: PLC0415  (only an error asks)

    if len(places) < 2:  # noqa: PLR2004  (words behind `--` only)
        return UsageError("one IMAGE at a time", remedy="abcd-run IMAGE -- CMD…")
    following = [word for word in args[places[1] :] if word != "--"]
    commands = ctx.find_root().command.list_commands(ctx)
    return mistyped.several([args[places[0]], *following], commands)


class Inside(Command):
    """`exec`: options of the command inside must follow `--`, or ours would be taken from it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse options behind the command's first word."""
        own = args[: args.index("--")] if "--" in args else args
        places = options.plain_words(own)
        command = own[places[1] :] if len(places) > 1 else []
        has_options = any(word.startswith("-") and word != "-" for word in command)
        if has_options and not ctx.resilient_parsing:
            before = shlex.join(["abcd-run", "exec", *own[: places[1]]])
            line = shlex.join([*command, *args[len(own) :]])
            raise UsageError(
                f"-- is missing before the command: {command[0]}",
                details="without it, options of the command would be options of abcd-run",
                remedy=f"{before} -- {line}",
            )
        return super().parse_args(ctx, args)
