"""The console script: quick answers first, then the command line."""

# ruff: noqa: PLC0415  (each answer imports only what it needs)

import os
import sys
from contextlib import suppress
from types import ModuleType

LEFT_OUT = ("rich", "chardet", "charset_normalizer", "OpenSSL")
"""What Typer, podman-py, requests and ws4py import if it is installed, and can do without.

We need nothing of it: we print plain text, and engines speak UTF-8. It would cost 40 of the 190 ms
of a podman launch, and 10 of docker's 160. Debian's OpenSSL does not even load beside a newer
`cryptography`, in an environment that sees both.
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
        # A terminal without arrows, or a name that is not valid text, must not end us.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return run(sys.argv[1:])


def _open_streams() -> None:
    """Connect closed streams (`>&-`) to /dev/null: the next opened file would get their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere > 2:  # noqa: PLR2004  (not itself a standard stream)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, "w" if number else "r"))
    if sys.stdout.write_through:  # type: ignore[union-attr]
        # With PYTHONUNBUFFERED, a full disk would show at any write, not where we flush.
        sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)


class _WithoutItsStart(ModuleType):
    """`urllib3.http2` as a bare package: its own start takes 6 ms, only for HTTP/2."""

    def __getattr__(self, name: str) -> list[str]:
        if name != "__path__":
            raise AttributeError(name)
        import urllib3

        return [f"{folder}/http2" for folder in urllib3.__path__]


def _leave_out() -> None:
    """Make packages count as not installed; only here, where the process is ours."""
    import warnings

    sys.modules.setdefault("urllib3.http2", _WithoutItsStart("urllib3.http2"))

    for name in LEFT_OUT:
        # In Python, None in sys.modules means that the module cannot be imported.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    # requests warns about what is missing; its fallback is what we want.
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")


def _look_for_garbage_later() -> None:
    """Collect no garbage in the first second: what imports create stays, but is scanned often.

    This saves 3 of the 75 ms of `ps`, and 8 ms of a launch.
    """
    import gc
    from threading import Timer

    later = Timer(1, gc.enable)
    later.daemon = True
    with suppress(RuntimeError):  # the host lets us start no thread; others will report it
        later.start()
        gc.disable()


def console() -> None:
    """End the process at once with the status of `main`.

    Partial work is undone by then. Python would take 40 ms more to free what the process's end
    frees anyway: a third of what a launch costs over the engine's own command.
    """
    try:
        status = main()
    except KeyboardInterrupt:  # before the command line handles signals, or after it
        sys.stderr.write("abcd-run: interrupted\n")
        status = 130
    os._exit(_flushed(status))


def _flushed(status: int) -> int:
    """Flush the output and return the exit status."""
    with suppress(OSError):  # the status tells what nobody reads there
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
