"""`Session`: everything that abcd-run does, for Python programs.

The command line is one of its users. The modules beside this one do the work; each is imported on
first use, because the command line's start-up time is tested.
"""

# ruff: noqa: PLC0415  (see above)

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

from abcd_run.session.cancellable import Calls
from abcd_run.session.opened import Opened
from abcd_run.session.reaching import Reaching, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike
    from types import TracebackType

    from abcd_run.launch.launched import Launched
    from abcd_run.model import Instance
    from abcd_run.plan.request import Pull, Wanted
    from abcd_run.session.catalogue import Images
    from abcd_run.session.events import Tell
    from abcd_run.session.hosts import Diagnosis, RuntimeStatus
    from abcd_run.session.images import Pulled, Written
    from abcd_run.session.launches import Plans
    from abcd_run.session.opened import Which
    from abcd_run.session.publish import Published
    from abcd_run.session.reaching import On
    from abcd_run.session.results import Instances, Removed
    from abcd_run.session.sticks import ListedDisk, WrittenStick
    from abcd_run.session.unkept import Unkept
    from abcd_run.stick.block import Disk
    from abcd_run.verify.values import Verified

    Turn = Callable[[Opened, Sequence[Which], tuple[str, ...]], Instances]


class Session(Reaching):
    """The images and runtimes of this user, used by a program.

    Every method may be called from several threads, raises errors of `abcd_run.errors`, prints
    nothing and handles no signal. `on` names runtimes, as `--on` does; the default is all.
    An instance is given by its name, or as a method returned it.

    `progress` receives events, from worker threads. An `ephemeral` session ends what it launched
    when it is closed. `profiles` is one more folder of profiles. `other_words` are suggested, like
    images, when an image's name is mistyped.
    """

    def __init__(
        self,
        *,
        progress: Tell | None = None,
        ephemeral: bool = False,
        profiles: str | PathLike[str] | None = None,
        other_words: Iterable[str] = (),
    ) -> None:
        folder = None if profiles is None else Path(profiles)
        self._opened = Opened(profiles=folder, tell=progress, other_words=other_words)
        self._calls, self._ephemeral = Calls(), ephemeral

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            self.close()
        except Exception as left:
            if error is None:
                raise
            error.add_note(f"it could not be removed either: {left}")

    def close(self) -> None:
        """Cancel running calls, end what an ephemeral session launched, and close everything.

        Raises the first error in ending an instance, after trying all.
        """
        if not self._calls.close():
            return
        try:
            if self._ephemeral and self._opened.left():
                from abcd_run.session import lifecycle

                lifecycle.end(self._opened)
        finally:
            self._opened.close()

    def cancel(self) -> None:
        """Cancel the running calls, from another thread: each raises `Interrupted`.

        A launch first undoes what it started. Later calls are not cancelled.
        """
        self._calls.cancel()

    def plan(self, image: str | PathLike[str], **wanted: Unpack[Wanted]) -> Plans:
        """Return what `launch` would do, without doing it; see `abcd_run.plan.request.parse`."""
        from abcd_run.plan.request import parse
        from abcd_run.session import launches

        request = parse(image, **wanted)
        return self._calls.do(lambda: launches.plan(self._opened, request))

    def launch(
        self,
        image: str | PathLike[str],
        *,
        wait: bool = True,
        check: bool = True,
        **wanted: Unpack[Wanted],
    ) -> Instances:
        """Launch an image and `wait` until it is ready; see `abcd_run.plan.request.parse`.

        Failures are among the errors of the result. If nothing was launched at all, the error is
        raised if `check`. Raises `NoRuntime`, `UsageError`, `ArtifactError`, `HostTooSmall`, or
        `Interrupted` when it was cancelled and undone.
        """
        from abcd_run.plan.request import parse
        from abcd_run.session import launches, results

        request = parse(image, **wanted)
        done = self._calls.do(lambda: launches.launch(self._opened, request, wait=wait))
        return results.checked(done) if check else done

    def wait(
        self, *which: Which, timeout: float | None = None, on: On = (), check: bool = True
    ) -> Instances:
        """Wait until instances are ready, at most `timeout` seconds or what their profiles say."""
        from abcd_run.session import lifecycle, results

        names = named(on)
        done = self._calls.do(
            lambda: lifecycle.wait(self._opened, which, names, timeout=timeout or 0)
        )
        return results.checked(done) if check else done

    def instances(self, on: On = ()) -> Instances:
        """Return all instances; runtimes that could not answer are among the errors."""
        from abcd_run.session import listing

        names = named(on)
        return self._calls.do(lambda: listing.instances(self._opened, names))

    def find(self, name: str, on: On = ()) -> Instance:
        """Return an instance as its runtime sees it. Raises `NoSuchInstance`."""
        names = named(on)
        return self._calls.do(lambda: self._opened.instance(name, names))

    def show(self, which: Which, on: On = ()) -> Launched:
        """Return an instance with its current stage. Raises `NoSuchInstance`."""
        from abcd_run.session import listing

        name, names = (
            (which, named(on)) if isinstance(which, str) else (which.name, (which.runtime,))
        )

        def shown() -> Launched:
            instance = self._opened.instance(name, names)
            return listing.stages([instance], self._opened.fleet())[0]

        return self._calls.do(shown)

    def open(self, which: Which, on: On = ()) -> None:
        """Show an instance's desktop or page on the user's screen. Raises `AbcdRunError`."""
        from abcd_run.viewing import opening

        names = named(on)
        self._calls.do(lambda: opening.show(self._opened.instance(which, names)))

    def verify(
        self,
        image: str | PathLike[str],
        *,
        keep: bool = False,
        pictures: str | PathLike[str] | None = None,
        **wanted: Unpack[Wanted],
    ) -> Verified:
        """Launch an image once on each runtime, and compare what is inside; see docs/verify.md.

        What was launched is ended, unless `keep`. `pictures` is a folder for the screens' pictures.
        A launch that fails is among the errors of the result; if all do, raises as `launch` does.
        """
        from abcd_run.plan.request import parse
        from abcd_run.session import verifying

        request = parse(image, **wanted)
        folder = None if pictures is None else Path(pictures)
        return self._calls.do(
            lambda: verifying.verify(self._opened, request, keep=keep, pictures=folder)
        )

    def stop(self, *which: Which, on: On = (), check: bool = True) -> Removed:
        """Stop instances and remove them. Raises as `launch` does, if `check`."""
        from abcd_run.session import lifecycle, results

        names = named(on)
        removed = self._calls.do(lambda: lifecycle.stop(self._opened, which, names))
        return results.checked(removed) if check else removed

    def stop_all(self, on: On = (), *, check: bool = True) -> Removed:
        """Stop and remove every instance of this user, whatever launched it."""
        from abcd_run.session import lifecycle, results

        names = named(on)
        removed = self._calls.do(lambda: lifecycle.stop_all(self._opened, names))
        return results.checked(removed) if check else removed

    def unkept(self, *which: Which, on: On = ()) -> tuple[Unkept, ...]:
        """Return those instances whose stop would lose somebody's files; of all without `which`."""
        from abcd_run.session import unkept

        names = named(on)
        return self._calls.do(lambda: unkept.among(self._opened, which, names))

    def start(self, *which: Which, on: On = (), check: bool = True) -> Instances:
        """Start instances that have ended, with what their runtimes kept, until they are ready.

        Their addresses may be new. Raises as `launch` does, if `check`.
        """
        from abcd_run.session import power

        return self._turned(power.start, which, on, check=check)

    def restart(self, *which: Which, on: On = (), check: bool = True) -> Instances:
        """Restart instances until they are ready; those that have ended are started."""
        from abcd_run.session import power

        return self._turned(power.restart, which, on, check=check)

    def suspend(self, *which: Which, on: On = (), check: bool = True) -> Instances:
        """Have instances stand still in memory, until they are resumed."""
        from abcd_run.session import power

        return self._turned(power.suspend, which, on, check=check)

    def resume(self, *which: Which, on: On = (), check: bool = True) -> Instances:
        """Have suspended instances go on, until they are ready."""
        from abcd_run.session import power

        return self._turned(power.resume, which, on, check=check)

    def _turned(self, turn: Turn, which: Sequence[Which], on: On, *, check: bool) -> Instances:
        from abcd_run.session import results

        names = named(on)
        done = self._calls.do(lambda: turn(self._opened, which, names))
        return results.checked(done) if check else done

    def prune(self, on: On = (), *, ended: bool = False, check: bool = True) -> Removed:
        """Remove what killed launches and old images left behind.

        Instances that ran and have `ended` are removed only if this says so.
        """
        from abcd_run.session import lifecycle, results

        names = named(on)
        removed = self._calls.do(lambda: lifecycle.prune(self._opened, names, ended=ended))
        return results.checked(removed) if check else removed

    def images(self, *, layers: bool = False) -> Images:
        """Return the images that can be launched by name; with the `layers` that are stored."""
        from abcd_run.session import catalogue

        return self._calls.do(lambda: catalogue.images(self._opened, layers=layers))

    def pull(self, image: str, on: On = (), *, plain_http: bool = False) -> Pulled:
        """Fetch or build an image now, so that a launch need not. Raises `ArtifactError`."""
        from abcd_run.session import images

        names = named(on)
        return self._calls.do(
            lambda: images.pull(self._opened, image, names, plain_http=plain_http)
        )

    def publish(
        self, image: str, reference: str, *, plain_http: bool = False, sign_by: str = ""
    ) -> Published:
        """Put all variants of an image and its profile behind one reference.

        `reference` is a registry's, or `oci-archive:FILE`, or `oci:FOLDER`; `sign_by` is the
        fingerprint of a GPG key. Raises `ArtifactError`.
        """
        from abcd_run.session import publish

        return self._calls.do(
            lambda: publish.publish(
                self._opened, image, reference, plain_http=plain_http, sign_by=sign_by
            )
        )

    def build(self, image: str) -> tuple[str, ...]:
        """Build an image or a variant from its recipe; return the built variants' names."""
        from abcd_run.session import images

        return self._calls.do(lambda: images.build(self._opened, image))

    def artifact(
        self,
        image: str,
        to: str,
        output: str | PathLike[str],
        *,
        pull: Pull = "missing",
        seed: str | PathLike[str] | None = None,
        password_file: str | PathLike[str] | None = None,
        hostname: str = "",
    ) -> Written:
        """Write an image to a file: "oci", "lxd", "iso", a disk such as "ova", or a plug-in's.

        A machine's gets a seed: a file of lines KEY='value', a password's file, a host name.
        Raises `UsageError` for a format that no plug-in makes, or `ArtifactError`.
        """
        from abcd_run.plan.given_seed import parse
        from abcd_run.session import images

        given, file = parse(seed, password_file=password_file, hostname=hostname), Path(output)
        return self._calls.do(
            lambda: images.artifact(self._opened, image, to, file, pull=pull, given=given)
        )

    def disks(self) -> tuple[ListedDisk, ...]:
        """Return this host's disks, and why some are not written; sticks first."""
        from abcd_run.session import sticks

        return self._calls.do(sticks.disks)

    def write(
        self,
        image: str,
        device: str | PathLike[str],
        *,
        agree: Callable[[Disk], None],
        large: bool = False,
        persist: bool = False,
        seed: str | PathLike[str] | None = None,
        password_file: str | PathLike[str] | None = None,
        hostname: str = "",
    ) -> WrittenStick:
        """Write an image as a live system on a stick, which loses all that is on it.

        `agree` gets the disk, and raises unless it is the one that is meant; `large` allows one
        that is larger than 256 GB. With `persist` what a person saves stays, on a partition over
        the rest of the stick. A seed is as for `artifact`. Raises `UsageError` for a disk that is
        refused.
        """
        from abcd_run.plan.given_seed import parse
        from abcd_run.session import sticks

        place = Path(device)
        given = parse(seed, password_file=password_file, hostname=hostname)
        return self._calls.do(
            lambda: sticks.put(
                self._opened, image, place, agree=agree, large=large, persist=persist, given=given
            )
        )

    def runtimes(self, on: On = ()) -> tuple[RuntimeStatus, ...]:
        """Return the runtimes, what they take, and why some cannot be used."""
        from abcd_run.session import hosts

        names = named(on)
        return self._calls.do(lambda: hosts.runtimes(self._opened, names))

    def doctor(self, image: str = "") -> Diagnosis:
        """Return what this host can do, what is missing, and how many of an image fit."""
        from abcd_run.session import hosts

        return self._calls.do(lambda: hosts.doctor(self._opened, image))
