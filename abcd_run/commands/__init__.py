"""The command line: one module for each group of commands, and what they share."""

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from abcd_run import hosterrors, report
from abcd_run.commands.group import cli
from abcd_run.errors import (
    READER_GONE,
    AbcdRunError,
    Failure,
    Interrupted,
    UsageError,
    unexpected,
)
from abcd_run.interrupts import heeded


def run(arguments: Sequence[str]) -> int:  # noqa: PLR0911  (one for each way to end)
    """Run a command line; whatever a user or host can cause ends in one clear error."""
    before = sys.stdout
    try:
        status = heeded(
            lambda: cli.main(list(arguments), prog_name="abcd-run", standalone_mode=False)
        )
        report.flush()
    except click.ClickException as error:
        return _failed(_usage(error), arguments)
    except (KeyboardInterrupt, click.Abort):
        return _failed(Interrupted("interrupted"), arguments)
    except AbcdRunError as error:
        return _failed(error, arguments)
    except (BrokenPipeError, SystemExit) as error:
        # click ends the program when the reader has gone, having wrapped the output that says so,
        # and when it has told a shell how a line may go on.
        if isinstance(error, SystemExit) and sys.stdout is before:
            raise
        report.give_up()
        return READER_GONE
    except OSError as error:
        return _failed(_host(error), arguments)
    except Exception as error:  # noqa: BLE001  (a bug must not look like a crash)
        return _failed(_bug(error, arguments), arguments)
    return status if isinstance(status, int) else 0


def _failed(error: AbcdRunError, arguments: Sequence[str]) -> int:
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    with suppress(OSError):  # the terminal has gone, which is what has ended us
        if "--json" in before and not isinstance(error, report.OutputLost):
            report.print_json(report.document([], [Failure(error)]))
        report.print_error(error)
    return error.status


def _usage(error: click.ClickException) -> UsageError:
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    return UsageError(error.format_message().rstrip("."), remedy=f"{command or 'abcd-run'} --help")


def _host(error: OSError) -> AbcdRunError:
    """Return the error for what the host refuses: a full disk, a folder that is none."""
    if refused := hosterrors.told(error):
        return refused
    place = f"{error.filename}: " if error.filename else ""
    remedy = f"ls -ld {error.filename}" if error.filename else "abcd-run doctor"
    return AbcdRunError(f"{place}{error.strerror or error}", remedy=remedy)


def _bug(error: Exception, arguments: Sequence[str]) -> AbcdRunError:
    found = unexpected(error)
    if {"-v", "--verbose"} & set(arguments):
        found.details = traceback.format_exc()
    return found
