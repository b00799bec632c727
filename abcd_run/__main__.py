"""The console script: the quick answers first, then the command line."""

# ruff: noqa: PLC0415  (what is not needed for an answer is not imported for it)

import os
import sys
from contextlib import suppress


def main() -> int:
    """Run the command line and return its exit status."""
    _open_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Answered before the command line is imported: scripts ask this often.
        from abcd_run import __version__

        sys.stdout.write(f"abcd-run {__version__}\n")
        return 0
    from abcd_run.commands import run

    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no arrows, or a name that is no text, must not end us.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return run(sys.argv[1:])


def _open_streams() -> None:
    """Lead what was closed (`>&-`) to nowhere: the next file to be opened would get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere > 2:  # noqa: PLR2004  (no standard stream itself)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, "w" if number else "r"))


def console() -> None:
    """End the process with the status of `main`, at once.

    What was begun is undone by then. Python would take 40 ms more to free what the process's end
    frees anyway, which is a third of what a launch costs over the engine's own command.
    """
    try:
        status = main()
    except KeyboardInterrupt:  # before the command line hears signals, or after it
        sys.stderr.write("abcd-run: interrupted\n")
        status = 130
    os._exit(_flushed(status))


def _flushed(status: int) -> int:
    """Print what is still to be printed, and return the status with which to end then."""
    with suppress(OSError):  # what nobody reads there is told by the status
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        from abcd_run.errors import READER_GONE

        return status or READER_GONE
    except OSError as error:
        with suppress(OSError):
            sys.stderr.write(f"abcd-run: standard output: {error.strerror}\n")
            sys.stderr.flush()
        return status or 1
    return status


if __name__ == "__main__":
    console()
