"""The homes that launches keep on this host: made for them, and each for one instance at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from abcd_run.backend import record
from abcd_run.concurrency.cancel import Token, using
from abcd_run.errors import AbcdRunError, UsageError
from abcd_run.host import locks, xdg
from abcd_run.host.os_errors import unexpected
from abcd_run.model import Plan
from abcd_run.plugins.fleet import Fleet


@contextmanager
def reserved(plans: Sequence[Plan], fleet: Fleet) -> Iterator[None]:
    """Make the home of a launch, and keep others from it until its instance is there to see.

    A home that was made and stayed empty is removed again. Raises `UsageError` if another instance
    has it.
    """
    homes = [str(one.home.source) for one in plans if one.home]
    with claimed(homes[0] if homes else "", fleet):
        yield


@contextmanager
def claimed(folder: str, fleet: Fleet) -> Iterator[None]:
    """Do as `reserved` for one home; nothing if there is none."""
    if not folder:
        yield
        return
    home = Path(folder)
    with locks.locked(_lock(home), wait=False) as acquired:
        _check_free(home, fleet, launching=not acquired)
        try:
            locks.private_folder(home)
        except OSError as error:
            raise unexpected(error) from error
        try:
            yield
        finally:
            # Only an empty one goes: nothing was started with it, or its guest wrote nothing. A
            # cancelled launch says what it has undone, not that this look was cancelled too.
            with suppress(OSError, AbcdRunError), using(Token()):
                _remove_unused(home, fleet)


def users(home: Path, fleet: Fleet) -> list[str]:
    """Return the names of the instances that run with a home."""
    instances, _ = fleet.instances(detail=False)
    kept = [(one.name, record.read(one.labels).home) for one in instances if one.running]
    return [name for name, folder in kept if folder and Path(folder).resolve() == home.resolve()]


def _check_free(home: Path, fleet: Fleet, *, launching: bool) -> None:
    names = users(home, fleet)
    if not names and not launching:
        return
    user = names[0] if names else "another launch"
    first = f"abcd-run stop {user}; or another" if names else "another"
    raise UsageError(
        f"{user} is using the home {home}",
        details="two at once would overwrite each other's files",
        remedy=f"{first} home: --home=DIR; or none: --no-home",
    )


def _remove_unused(home: Path, fleet: Fleet) -> None:
    if not any(home.iterdir()) and not users(home, fleet):
        home.rmdir()


def _lock(home: Path) -> Path:
    import hashlib  # noqa: PLC0415  (few launches keep a home)

    return xdg.cache() / "homes" / hashlib.sha256(bytes(home.resolve())).hexdigest()[:16]
