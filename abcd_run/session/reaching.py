"""The part of `Session` that reaches into an instance: commands, files, console and screen."""

# ruff: noqa: PLC0415  (start-up time is tested: each module is imported on first use)

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from os import PathLike

    from abcd_run.session.cancellable import Calls
    from abcd_run.session.copying import Paths
    from abcd_run.session.inside import Executed
    from abcd_run.session.opened import Opened, Which
    from abcd_run.transfer.values import Copied

    On = str | Iterable[str]


class Reaching:
    """What a session does inside instances."""

    _opened: Opened
    _calls: Calls

    def exec(
        self, which: Which, command: Sequence[str], *, user: str | None = None, on: On = ()
    ) -> Executed:
        """Run a command in an instance until it ends, whatever its status."""
        from abcd_run.session import inside

        names = named(on)
        return self._calls.do(
            lambda: inside.execute(self._opened, which, names, command, user=user)
        )

    def exec_line(
        self,
        which: Which,
        command: Sequence[str] = (),
        *,
        user: str | None = None,
        tty: bool = False,
        on: On = (),
    ) -> list[str]:
        """Return the host command that runs one inside; without `command`, the user's shell."""
        from abcd_run.session import inside

        names = named(on)

        def line() -> list[str]:
            instance = self._opened.instance(which, names)
            return inside.line(self._opened, instance, command, user=user, tty=tty)

        return self._calls.do(line)

    def copy_in(
        self, which: Which, sources: Paths, to: str, *, user: str | None = None, on: On = ()
    ) -> Copied:
        """Copy files and folders of this host to a path inside; they belong to the user there.

        Into `to` if it is a folder, else as `to`; relative to the user's home. Modes, times and
        links are kept. Raises `UsageError`, or `AbcdRunError` with the instance's own words.
        """
        from abcd_run.session import copying

        names, words = named(on), copying.words(sources)

        def copied() -> Copied:
            instance = self._opened.instance(which, names)
            return copying.copy_in(self._opened, instance, words, to, user=user)

        return self._calls.do(copied)

    def copy_out(
        self,
        which: Which,
        paths: Paths,
        to: str | PathLike[str],
        *,
        user: str | None = None,
        most: int | str | None = None,
        on: On = (),
    ) -> Copied:
        """Copy files and folders inside to a path of this host, at most `most` bytes (64 GiB).

        As `copy_in`; what is written belongs to this user and is below `to`, whatever the instance
        sends. Raises `Refused` for what would not be, or `UsageError`, or `AbcdRunError`.
        """
        from abcd_run.session import copying

        names, words = named(on), copying.words(paths)
        (target,), size = copying.words(to), copying.size(most)

        def copied() -> Copied:
            instance = self._opened.instance(which, names)
            return copying.copy_out(self._opened, instance, words, target, user=user, most=size)

        return self._calls.do(copied)

    def logs(self, which: Which, *, follow: bool = False, on: On = ()) -> Iterator[bytes]:
        """Return what an instance printed, in pieces; with `follow`, until it ends."""
        from abcd_run.session import inside

        names = named(on)

        def pieces() -> Iterator[bytes]:
            instance = self._opened.instance(which, names)
            return inside.logs(self._opened, instance, follow=follow)

        return self._calls.pieces(self._calls.do(pieces))

    def screenshot(self, which: Which, on: On = ()) -> bytes:
        """Return a PNG of an instance's screen. Raises `LaunchFailed`."""
        from abcd_run.session import inside

        names = named(on)
        return self._calls.do(
            lambda: inside.screenshot(self._opened, self._opened.instance(which, names))
        )


def named(on: On) -> tuple[str, ...]:
    """Return the names of the runtimes that `on` means; none for all."""
    if not on:
        return ()
    from abcd_run.plan.request import runtimes

    return runtimes(on)
