"""`abcd-run IMAGE` beside `abcd-run COMMAND`: the group whose default is to launch."""

import importlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

NAME = "abcd-run"
LAUNCH = "launch"
INSIDE = ("exec", "shell")
"""The commands that exit with the status of a command inside."""

COMPLETES = "_ABCD_RUN_COMPLETE"
"""The variable through which a shell asks for completions."""

COMMANDS: Mapping[str, tuple[str, str]] = {
    LAUNCH: ("launch:launch", "Launch IMAGE, and print how to reach it."),
    "ps": ("listing:ps", "List the instances on all runtimes."),
    "show": ("listing:show", "Show endpoints, password and everything else about an instance."),
    "logs": ("inside:logs", "Print what an instance wrote to its console."),
    "open": ("listing:open_", "Open an instance's desktop or page, or print its address."),
    "exec": ("inside:exec_", "Run a command in an instance and exit with its status."),
    "shell": ("inside:shell", "Open a shell in an instance."),
    "cp": ("copying:cp", "Copy files and folders into an instance, and out of it."),
    "screenshot": ("screenshot:screenshot", "Save a picture of an instance's screen."),
    "wall": ("wall:wall", "Show all instances on one page, with live pictures, until Ctrl-C."),
    "verify": ("verify:verify", "Launch IMAGE on each runtime, and compare what is inside."),
    "wait": ("lifecycle:wait", "Wait until instances are ready."),
    "stop": ("lifecycle:stop", "Stop and remove instances: they are ephemeral."),
    "start": ("power:start", "Start instances that have ended, with what was kept of them."),
    "restart": ("power:restart", "Restart instances."),
    "suspend": ("power:suspend", "Have instances stand still."),
    "resume": ("power:resume", "Have suspended instances go on."),
    "prune": ("lifecycle:prune", "Remove what killed launches and old images left behind."),
    "images": ("images:images", "List the images that can be launched by name."),
    "pull": ("pull:pull", "Fetch or build IMAGE now, so that a launch need not."),
    "build": ("pull:build", "Build IMAGE or one of its variants from its recipe."),
    "artifact": (
        "artifact:artifact",
        "Write an image to a file or folder, as a runtime or another hypervisor takes it.",
    ),
    "write": ("write:write", "Write IMAGE on the USB stick DEVICE, which loses all that is on it."),
    "netboot": (
        "netboot:netboot",
        "Serve IMAGE to machines that start over a network, until Ctrl-C.",
    ),
    "publish": (
        "publish:publish",
        "Put all variants of IMAGE and its profile behind one REFERENCE.",
    ),
    "runtimes": (
        "host:runtimes",
        "List the runtimes, what they take, and why some cannot be used.",
    ),
    "doctor": ("host:doctor", "Report what works here, what is missing, and how to fix it."),
    "completion": (
        "completion:completion",
        "Print the script that lets your shell complete abcd-run.",
    ),
}
"""Each command's place and one-line help, so that `--help` imports no command."""

QUICK = ("--help", "-h", "--version")


class DefaultLaunch(TyperGroup):
    """A group that imports a command when it is used, and launches if none is named.

    Typer has no public name for the classes of contexts, formatters and completions.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands for the help page, in the order of use."""
        return [name for name in COMMANDS if name != LAUNCH]

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """Import a command's function and return Typer's command for it."""
        from abcd_run.commands import command  # noqa: PLC0415  (not for help)

        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        run = getattr(importlib.import_module(f"abcd_run.commands.{module}"), function)
        kinds = {LAUNCH: command.OneImage, "exec": command.Inside}
        kind = kinds.get(cmd_name, command.Command)
        made, common = _made(cmd_name, run, kind), _made(cmd_name, command.common, kind)
        made.params = command.with_common(made.params, common.params)
        return made

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command first: options may precede it, and a bare image is launched."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        if args and args[0] not in QUICK and (args[0] not in COMMANDS or "--home" in args):
            args = _command_first(args)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the lines about the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Offer the images beside the commands."""
        launch = self.get_command(ctx, LAUNCH)
        assert launch
        with launch.make_context(LAUNCH, [], ctx, resilient_parsing=True) as inner:
            if incomplete.startswith("-"):
                # No command yet: these are options of the launch.
                return list(launch.shell_complete(inner, incomplete))
            images = launch.params[0].shell_complete(inner, incomplete)
        return [*super().shell_complete(ctx, incomplete), *images]


def meant(args: list[str]) -> str:
    """Return the command that a command line means."""
    return _command_first(args)[0]


def _command_first(args: list[str]) -> list[str]:
    from abcd_run.commands import home_option, options  # noqa: PLC0415  (most lines name a command)

    args = home_option.with_home_spelled_out(args)
    place = options.first_word(args)
    if place is None or args[place] not in COMMANDS:
        return [LAUNCH, *args]
    return [args[place], *args[:place], *args[place + 1 :]]


def _made(name: str, run: Callable[..., object], kind: type[TyperCommand]) -> TyperCommand:
    alone = _typer()
    alone.command(name, cls=kind)(run)
    made = typer.main.get_command(alone)
    assert isinstance(made, TyperCommand)
    return made


def _typer(**more: Any) -> typer.Typer:
    """Return a Typer that prints plain text: rich costs 100 ms, and reads brackets as markup."""
    return typer.Typer(
        rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **more
    )


def _version(asked: bool) -> None:  # noqa: FBT001  (how Typer calls it)
    if asked:
        from abcd_run import __version__  # noqa: PLC0415

        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            show_default=False,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Launch a polymorphic system image on any runtime, without administrator rights.

    \b
    abcd-run abcd4demo                          the best runtime this host has
    abcd-run --on podman abcd4demo              this one
    abcd-run --on podman,docker --count 3 IMAGE three on each
    abcd-run ps                                 list what is running
    abcd-run stop --all                         stop everything

    IMAGE is a name from `abcd-run images`, a variant's name, a profile, an OCI archive, an OCI
    layout or an ISO on disk, or a reference, such as docker.io/library/nginx:latest or one that
    `abcd-run publish` made.
    `abcd-run launch --help` lists the options of a launch.
    """


def _group() -> DefaultLaunch:
    whole = _typer(
        cls=DefaultLaunch,
        name=NAME,
        callback=main,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        subcommand_metavar="IMAGE | COMMAND [ARGS]…",
    )
    group = typer.main.get_group(whole)
    assert isinstance(group, DefaultLaunch)
    return group


cli = _group()
