"""The words of a command that has ended."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from threading import Event

import pytest

from abcd_run.concurrency.cancel import elsewhere
from abcd_run.transfer import piped

Way = Callable[[Sequence[str]], AbstractContextManager[piped.Piped]]

SAYS = ("sh", "-c", "echo too late >&2; exit 3")


@pytest.mark.parametrize("way", [piped.reading, piped.printing])
def test_words_that_are_read_after_its_end(monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    """The reader may get the processor only once the command's own streams are closed."""
    ended = Event()

    def later(work: Callable[[], bytes]) -> Future[bytes]:
        def once_it_has_ended() -> bytes:
            assert ended.wait(10)
            return work()

        return elsewhere(once_it_has_ended)

    monkeypatch.setattr(piped, "elsewhere", later)
    with way(SAYS) as running:
        assert running.finish() == 3
    ended.set()
    assert running.words() == "too late"
