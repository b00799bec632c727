"""Copy into an instance and out of one, through a runtime's `exec`."""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from abcd_run import limits
from abcd_run.errors import AbcdRunError, UsageError
from abcd_run.transfer import places, scripts
from abcd_run.transfer.meter import Meter
from abcd_run.transfer.pack import pack
from abcd_run.transfer.piped import Piped, Silent, printing, reading
from abcd_run.transfer.places import Place
from abcd_run.transfer.tree import Tree
from abcd_run.transfer.unpack import unpack
from abcd_run.transfer.values import Copied
from abcd_run.visible import visible

GATHERED = 1 << 16
NO_PROGRAM = 127
Exec = Callable[[Sequence[str]], list[str]]
"""Returns the host command that runs one inside."""


def put(sources: Sequence[str], to: str, *, name: str, run: Exec, meter: Meter) -> Copied:
    """Copy files and folders of this host to a path inside the instance `name`.

    Raises `UsageError` for what is not here, and `AbcdRunError` with the instance's own words.
    """
    named = [(_source(one), places.last_name(one)) for one in sources]
    folder = places.means_folder(to) or len(named) > 1
    stage = f".abcd-run-{os.urandom(8).hex()}.part"
    only = named[0][1] if len(named) == 1 else ""
    line = run(scripts.put(places.inside(to), stage=stage, folder=folder, name=only))
    place = Place(to, name)
    about = f"copy to {visible(str(place))}"
    with _answers(about, name), reading(line) as piped:
        with suppress(BrokenPipeError):  # it has ended: its own words say why
            _send(piped, pack(named, meter))
        status = piped.finish()
    if status:
        raise _failed(f"cannot {about}", piped, status, place)
    return meter.copied()


def take(path: str, to: str, *, name: str, run: Exec, meter: Meter) -> Copied:
    """Copy a file or folder inside the instance `name` to a path of this host.

    Nothing is written outside of it. Raises `Refused` for what is not safe to write, `UsageError`
    if there is nowhere to write it, and `AbcdRunError` with the instance's own words.
    """
    folder, last = _target(to, places.last_name(path))
    place = Place(path, name)
    about = f"copy {visible(str(place))}"
    line = run(scripts.take(places.inside(path)))
    with closing(Tree(folder)) as tree, _answers(about, name), printing(line) as piped:
        unpack(piped, tree, last, meter)
        status = piped.finish()
    copied = meter.copied()
    if status:
        partly = f"cannot {about} completely; the rest is here"
        raise _failed(partly if copied.files else f"cannot {about}", piped, status, place)
    return copied


def _source(word: str) -> Path:
    """Return a path of this host; a link is followed, unlike those below."""
    if not os.path.exists(word):  # noqa: PTH110  (it says no where `Path.exists` raises)
        raise UsageError(
            f"{visible(word)}: no such file or folder", remedy="ls -la, to see what there is"
        )
    return Path(word).resolve()


def _target(to: str, last: str) -> tuple[int, bytes]:
    """Return the folder to write to, as a descriptor, and the name of what is new in it."""
    path = Path(to)
    if os.path.isdir(to):  # noqa: PTH112  (as above)
        name = last
    elif places.means_folder(to):
        raise UsageError(f"{to}: no such folder", remedy=f"mkdir -p {to}")
    else:
        path, name = path.parent, path.name
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY), os.fsencode(name)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", remedy=f"mkdir -p {path}") from error


def _send(piped: Piped, pieces: Iterable[bytes]) -> None:
    """Write pieces, small ones together."""
    small = bytearray()
    for piece in pieces:
        if len(piece) < GATHERED:
            small += piece
        if len(small) >= GATHERED or len(piece) >= GATHERED:
            piped.write(bytes(small))
            small.clear()
        if len(piece) >= GATHERED:
            piped.write(piece)
    piped.write(bytes(small))


@contextmanager
def _answers(about: str, name: str) -> Iterator[None]:
    """Within the block, an instance that neither reads nor writes any more is an error."""
    try:
        yield
    except Silent as error:
        raise AbcdRunError(
            f"cannot {about}: nothing has moved for {limits.COPY_SECONDS} s",
            remedy=f"abcd-run logs {name}",
        ) from error


def _failed(what: str, piped: Piped, status: int, place: Place) -> AbcdRunError:
    words = piped.words() or f"exit status {status}"
    if status == NO_PROGRAM:
        remedy = f"its image needs sh and tar: abcd-run exec {place.name} -- tar --help"
    else:
        above = visible(shlex.quote(places.above(place.path)))
        look = f"abcd-run exec {place.name} -- ls -la {above}"
        remedy = f"{look}; if its user may not do this: abcd-run cp --user root"
    return AbcdRunError(what, details=words, remedy=remedy)
