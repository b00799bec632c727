"""`abcd-run IMAGE` beside `abcd-run COMMAND`: the group whose default is to launch."""

import importlib
from typing import ClassVar

import click

from abcd_run.commands import options

LAUNCH = "launch"


class DefaultLaunch(click.Group):
    """A group that imports a command when it is used, and launches where none is named."""

    attributes: ClassVar[dict[str, str]] = {"exec": "exec_", "open": "open_"}
    modules: ClassVar[dict[str, str]] = {
        LAUNCH: "launch",
        "ps": "look",
        "show": "look",
        "logs": "inside",
        "open": "look",
        "exec": "inside",
        "shell": "inside",
        "screenshot": "screenshot",
        "wall": "wall",
        "wait": "ends",
        "stop": "ends",
        "prune": "ends",
        "images": "catalogue",
        "pull": "catalogue",
        "build": "catalogue",
        "artifact": "artifact",
        "runtimes": "host",
        "doctor": "host",
        "completion": "completion",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands for the help page, in the order of use."""
        return [name for name in self.modules if name != LAUNCH]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return it."""
        if cmd_name not in self.modules:
            return None
        module = importlib.import_module(f"abcd_run.commands.{self.modules[cmd_name]}")
        command = getattr(module, self.attributes.get(cmd_name, cmd_name))
        assert isinstance(command, click.Command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first: options may stand before it, and a bare image is launched."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        if args and args[0] not in ("--help", "-h", "--version"):
            args = self._command_first(args)
        return super().parse_args(ctx, args)

    def _command_first(self, args: list[str]) -> list[str]:
        place = options.first_word(args)
        if place is None or args[place] not in self.modules:
            return [LAUNCH, *args]
        return [args[place], *args[:place], *args[place + 1 :]]

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> "list[click.shell_completion.CompletionItem]":
        """Offer the images beside the commands."""
        if incomplete.startswith("-"):
            # No command stands there yet: these are options of the launch.
            launch = self.get_command(ctx, LAUNCH)
            assert launch
            with click.Context(launch, ctx, resilient_parsing=True) as inner:
                return launch.shell_complete(inner, incomplete)
        found = super().shell_complete(ctx, incomplete)
        return [*found, *options.complete_image(ctx, None, incomplete)]


@click.command(
    cls=DefaultLaunch,
    name="abcd-run",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="IMAGE | COMMAND [ARGS]…",
    options_metavar="[OPTIONS]",
)
@click.version_option(package_name="abcd-run", message="abcd-run %(version)s")
def cli() -> None:
    """Launch a polymorphic system image on any runtime, without administrator rights.

    \b
    abcd-run abcd4demo                          the best runtime this host has
    abcd-run --on podman abcd4demo              this one
    abcd-run --on podman,docker --count 3 IMAGE three on each
    abcd-run ps                                 what runs
    abcd-run stop --all                         end it all

    IMAGE is a name of `abcd-run images`, a variant's name, a profile, an OCI archive or layout or
    an ISO on disk, or a reference such as docker.io/library/nginx:latest.
    `abcd-run launch --help` lists the options of a launch.
    """
