"""The console script: the quick answers first, then the command line."""

# ruff: noqa: PLC0415  (what is not needed for an answer is not imported for it)

import os
import sys
from contextlib import suppress
from types import ModuleType

LEFT_OUT = ("rich", "chardet", "charset_normalizer")
"""What Typer, podman-py and requests import where it is installed, and can do without.

Nothing that they do for us needs it: we print plain text, and engines speak UTF-8. It would cost a
launch on podman 40 ms of 190, one on docker 10 of 160.
"""


def main() -> int:
    """Run the command line and return its exit status."""
    _open_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Answered before the command line is imported: scripts ask this often.
        from abcd_run import __version__

        sys.stdout.write(f"abcd-run {__version__}\n")
        return 0
    _leave_out()
    _look_for_garbage_later()
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
    if sys.stdout.write_through:  # type: ignore[union-attr]
        # With PYTHONUNBUFFERED, a full disk would be noticed at any write, not where we flush.
        sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)


class _WithoutItsStart(ModuleType):
    """`urllib3.http2` as a folder of modules: what it does first takes 6 ms, for HTTP/2 alone."""

    def __getattr__(self, name: str) -> list[str]:
        if name != "__path__":
            raise AttributeError(name)
        import urllib3

        return [f"{folder}/http2" for folder in urllib3.__path__]


def _leave_out() -> None:
    """Have packages count as not installed; done here alone, where the process is ours."""
    import warnings

    sys.modules.setdefault("urllib3.http2", _WithoutItsStart("urllib3.http2"))

    for name in LEFT_OUT:
        # That a module is None is Python's own way to say that it cannot be imported.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    # requests says what it misses; what it does then is what we want.
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")


def _look_for_garbage_later() -> None:
    """Collect no garbage during the first second: what imports make stays, and is looked at often.

    That is 3 ms of 75 that `ps` takes, and 8 of a launch.
    """
    import gc
    from threading import Timer

    later = Timer(1, gc.enable)
    later.daemon = True
    with suppress(RuntimeError):  # the host lets us start no thread, which others will say
        later.start()
        gc.disable()


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
