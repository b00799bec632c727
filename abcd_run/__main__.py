"""The console script: the quick answers first, then the command line."""

# ruff: noqa: PLC0415  (what is not needed for an answer is not imported for it)

import os
import sys


def main() -> int:
    """Run the command line and return its exit status."""
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
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # its reader has gone
            status = status or 1
    os._exit(status)


if __name__ == "__main__":
    console()
