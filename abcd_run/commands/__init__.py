"""The command line: one module per group of commands, and what they share."""

import os
import traceback
from collections.abc import Sequence
from contextlib import suppress

import typer

from abcd_run.commands.group import COMPLETES, INSIDE, NAME, cli, meant
from abcd_run.errors import READER_GONE, AbcdRunError, Failure, Interrupted, UsageError
from abcd_run.host import os_errors
from abcd_run.host.os_errors import unexpected
from abcd_run.launch.interrupts import heeded
from abcd_run.report import exit_status, for_people, for_scripts, streams


def run(arguments: Sequence[str]) -> int:  # noqa: PLR0911  (one per way to end)
    """Run a command line; whatever a user or the host can cause ends in one clear error."""
    try:
        status = heeded(lambda: _answered(list(arguments)))
        streams.flush()
    except typer.TyperException as error:
        return _failed(_usage(error), arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _failed(Interrupted("interrupted"), arguments)
    except AbcdRunError as error:
        return _failed(error, arguments)
    except BrokenPipeError:
        streams.give_up()
        return READER_GONE
    except OSError as error:
        return _failed(_host(error), arguments)
    except Exception as error:  # noqa: BLE001  (a bug must not look like a crash)
        return _failed(_bug(error, arguments), arguments)
    return status if isinstance(status, int) else 0


def _answered(arguments: list[str]) -> object:
    """Run a command line, or offer a shell its completions.

    Typer's own `main` would wrap the output once its reader is gone, and turn Ctrl-C into a status.
    """
    if asked := os.environ.get(COMPLETES):
        from abcd_run.commands import completion  # noqa: PLC0415  (it loads every command)

        return completion.answer(asked)
    try:
        with cli.make_context(NAME, arguments) as context:
            return cli.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code


def _failed(error: AbcdRunError, arguments: Sequence[str]) -> int:
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    with suppress(OSError):  # the terminal is gone: that is what ended us
        if "--json" in before and not isinstance(error, streams.OutputLost):
            _print_failed(error, before)
        for_people.print_error(error)
    return _status(error, list(before))


def _status(error: AbcdRunError, arguments: list[str]) -> int:
    """Return the exit status: a script must tell our failures from those of a command inside."""
    own = meant(arguments) in INSIDE and not isinstance(error, Interrupted)
    return exit_status.NOT_RUN if own else error.status


def _print_failed(error: AbcdRunError, arguments: Sequence[str]) -> None:
    """Print the document of the command that failed, with its own keys."""
    from abcd_run.report import command_documents  # noqa: PLC0415  (what succeeds needs none of it)

    command = command_documents.printed_by(meant(list(arguments)), arguments)
    for_scripts.print_json(command_documents.failed(command, for_scripts.errors([Failure(error)])))


def _usage(error: typer.TyperException) -> UsageError:
    # Typer has no public name for errors that carry their context and suggestions.
    context, meant = getattr(error, "ctx", None), getattr(error, "possibilities", None)
    message = error.message + _suggestion(meant) if meant else error.format_message()
    return UsageError(
        message.rstrip("."), remedy=f"{context.command_path if context else NAME} --help"
    )


def _suggestion(meant: Sequence[str]) -> str:
    names = ", ".join(repr(name) for name in sorted(meant))
    return f". Did you mean {names}?" if len(meant) == 1 else f". (Did you mean one of: {names}?)"


def _host(error: OSError) -> AbcdRunError:
    """Return the error for what the host refuses: a full disk, a file in place of a folder."""
    if refused := os_errors.told(error):
        return refused
    where = f"{error.filename}: " if error.filename else ""
    remedy = f"ls -ld {error.filename}" if error.filename else "abcd-run doctor"
    return AbcdRunError(f"{where}{error.strerror or error}", remedy=remedy)


def _bug(error: Exception, arguments: Sequence[str]) -> AbcdRunError:
    bug = unexpected(error)
    if {"-v", "--verbose"} & set(arguments):
        bug.details = traceback.format_exc()
    return bug
