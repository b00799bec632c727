"""Output that threads read, as on Windows, where there is no waiting for several pipes."""

import os
from threading import Event
from types import SimpleNamespace

import pytest

from abcd_run.host import bounded_output
from abcd_run.host.bounded_output import Late, TooMuch, printed
from tests.waiting import until


@pytest.fixture(autouse=True)
def _as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_output, "_read", bounded_output._read_beside)


def test_both_streams_are_read() -> None:
    said = printed(["sh", "-c", "echo out; echo err >&2; exit 3"], seconds=30, most=100)
    assert said == (3, b"out\n", b"err\n")


def test_a_flood_is_ended() -> None:
    with pytest.raises(TooMuch):
        printed(["sh", "-c", "while :; do echo flood; done"], seconds=30, most=1000)


def test_a_reader_that_gets_the_processor_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's streams are closed by then; their numbers may be somebody else's files."""
    ended, read, failed = Event(), list[bytes](), list[OSError]()

    def late(descriptor: int, size: int) -> bytes:
        assert ended.wait(30)
        try:
            piece = os.read(descriptor, size)
        except OSError as error:
            failed.append(error)
            piece = b""
        read.append(piece)
        return piece

    monkeypatch.setattr(
        bounded_output, "os", SimpleNamespace(read=late, dup=os.dup, close=os.close)
    )
    with pytest.raises(Late):
        printed(["sh", "-c", "echo too late"], seconds=0.2, most=100)
    ended.set()
    until(lambda: len(read) == 2)
    assert (failed, sorted(read)) == ([], [b"", b"too late\n"])
