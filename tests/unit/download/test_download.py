"""Downloads against a server that cuts off, lies, forgets ranges and changes its files."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.concurrency.cancel import Token
from abcd_run.download import fetch, transfer
from abcd_run.errors import ArtifactError, Interrupted
from abcd_run.host import part_file
from tests.unit.download.site import BODY, SUM, Site, names

if TYPE_CHECKING:
    from pathlib import Path


def test_downloads_checks_and_leaves_only_the_file_and_its_record(
    site: Site, tmp_path: Path
) -> None:
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "cache" / "live.iso"

    path = fetch(site.url, target, sha256=SUM, progress=lambda *seen_now: seen.append(seen_now))

    assert path == target
    assert target.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert names(target.parent) == {"live.iso", "live.iso.checked"}


def test_a_second_launch_asks_nobody(site: Site, tmp_path: Path) -> None:
    for _ in range(2):
        fetch(site.url, tmp_path / "a", sha256=SUM)
    assert len(site.asked) == 1


def test_goes_on_where_the_connection_broke(site: Site, tmp_path: Path) -> None:
    site.cuts = [300_000, 100_000]
    fetch(site.url, tmp_path / "a", sha256=SUM)
    assert (tmp_path / "a").read_bytes() == BODY
    assert [asked.get("Range") for asked in site.asked] == [
        None,
        "bytes=300000-",
        "bytes=400000-",
    ]
    assert site.asked[1]["If-Range"] == '"one"'


def test_goes_on_in_a_later_process(site: Site, tmp_path: Path) -> None:
    site.cuts = [300_000, 0, 0, 0]
    with pytest.raises(ArtifactError, match="cannot download") as caught:
        fetch(site.url, tmp_path / "a", sha256=SUM)
    assert "300000 bytes kept" in caught.value.details
    assert names(tmp_path) == {"a.part", "a.part.validator"}

    fetch(site.url, tmp_path / "a", sha256=SUM)

    assert site.asked[-1]["Range"] == "bytes=300000-"
    assert (tmp_path / "a").read_bytes() == BODY


def test_begins_anew_when_the_server_ignores_ranges(site: Site, tmp_path: Path) -> None:
    site.ranges, site.cuts = False, [300_000]
    fetch(site.url, tmp_path / "a", sha256=SUM)
    assert (tmp_path / "a").read_bytes() == BODY


def test_begins_anew_when_the_file_changed_in_between(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"old" * 1000)
    (tmp_path / "a.part.validator").write_text('"zero"')
    fetch(site.url, tmp_path / "a")
    assert site.asked[0]["If-Range"] == '"zero"'
    assert (tmp_path / "a").read_bytes() == BODY


def test_begins_anew_when_the_part_is_of_another_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"old" * 1000)
    fetch(site.url, tmp_path / "a", sha256=SUM)
    assert (tmp_path / "a").read_bytes() == BODY


def test_begins_anew_when_nothing_tells_what_the_part_is_of(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(b"old" * 1000)
    fetch(site.url, tmp_path / "a")
    assert "Range" not in site.asked[0]
    assert (tmp_path / "a").read_bytes() == BODY


def test_begins_anew_when_the_part_is_longer_than_the_file(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(BODY + b"more")
    fetch(site.url, tmp_path / "a", sha256=SUM)
    assert (tmp_path / "a").read_bytes() == BODY


def test_takes_a_part_that_was_complete(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.part").write_bytes(BODY)
    fetch(site.url, tmp_path / "a", sha256=SUM)
    assert site.asked[0]["Range"] == f"bytes={len(BODY)}-"
    assert (tmp_path / "a").read_bytes() == BODY


@pytest.mark.timeout(20)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ArtifactError, match="not a file"):
        fetch(str(tmp_path / "fifo"), tmp_path / "x", sha256=SUM)


def test_eight_at_once_download_once(site: Site, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=fetch, args=(site.url, tmp_path / "a"), kwargs={"sha256": SUM})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.asked) == 1
    assert names(tmp_path) == {"a", "a.checked"}


def test_four_processes_at_once_download_once(site: Site, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from abcd_run.download import fetch;"
        "fetch(sys.argv[1], pathlib.Path(sys.argv[2]), sha256=sys.argv[3])"
    )
    command = [sys.executable, "-c", code, site.url, str(tmp_path / "a"), SUM]
    children = [subprocess.Popen(command) for _ in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    assert len(site.asked) == 1


def test_whoever_waits_sees_how_far_the_other_is(site: Site, tmp_path: Path) -> None:
    site.hold, site.cuts = threading.Event(), [300_000]
    seen: list[int] = []
    noticed = threading.Event()

    def notice(done: int, _total: int | None) -> None:
        seen.append(done)
        noticed.set()

    first = threading.Thread(target=fetch, args=(site.url, tmp_path / "a"))
    first.start()
    while not (tmp_path / "a.part").exists():
        pass
    second = threading.Thread(
        target=fetch, args=(site.url, tmp_path / "a"), kwargs={"progress": notice}
    )
    second.start()
    assert noticed.wait(10)
    site.hold.set()
    first.join()
    second.join()
    assert seen[0] <= 300_000
    assert (tmp_path / "a").read_bytes() == BODY


def test_cancel_stops_and_keeps_what_came(site: Site, tmp_path: Path) -> None:
    cancel = Token()
    with pytest.raises(Interrupted, match="cancelled"):
        fetch(site.url, tmp_path / "a", cancel=cancel, progress=lambda *_: cancel.set())
    assert 0 < (tmp_path / "a.part").stat().st_size < len(BODY)
    assert not (tmp_path / "a").exists()


def test_cancel_ends_the_wait_for_another(site: Site, tmp_path: Path) -> None:
    cancel = Token()
    cancel.set()
    with (
        part_file.part_of(tmp_path / "a"),
        pytest.raises(Interrupted, match="cancelled while another"),
    ):
        fetch(site.url, tmp_path / "a", cancel=cancel)


def test_an_exception_in_progress_passes_and_keeps_what_came(site: Site, tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(site.url, tmp_path / "a", progress=interrupt)
    assert names(tmp_path) == {"a.part", "a.part.validator"}


def test_a_passing_server_error_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.status = [503, 429]
    fetch(site.url, tmp_path / "a", sha256=SUM)
    assert len(site.asked) == 3


def test_a_missing_file_is_asked_for_once(site: Site, tmp_path: Path) -> None:
    site.status = [404]
    with pytest.raises(ArtifactError) as caught:
        fetch(site.url, tmp_path / "a")
    assert "404" in caught.value.details
    assert len(site.asked) == 1
    assert names(tmp_path) == set()


def test_no_server(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError) as caught:
        fetch("http://127.0.0.1:1/x", tmp_path / "a")
    assert "refused" in caught.value.details
    assert names(tmp_path) == set()


@pytest.mark.parametrize("url", ["http://[::1/x", "http://host:port/x", "gopher://host/x"])
def test_an_impossible_address(url: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        fetch(url, tmp_path / "a")


def test_too_little_room_is_said_before_anything_is_written(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10})()
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ArtifactError, match="cannot write") as caught:
        fetch(site.url, tmp_path / "a")
    assert f"{len(BODY)} bytes needed, 10 free" in caught.value.details
    assert names(tmp_path) == set()


def test_a_disk_that_fills_up_keeps_no_part(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with part_file.part_of(tmp_path / "a") as part:
        full = part_file.Part(part.target, part.path, Full())
        moving = transfer.Transfer(site.url, full, progress=None, cancel=Token(), guarded=False)
        with pytest.raises(ArtifactError, match="cannot write") as caught:
            moving.request()
    assert caught.value.details == "Disk quota exceeded"
    assert names(tmp_path) == set()


def test_a_file_url_is_checked_and_used_in_place(tmp_path: Path) -> None:
    source = tmp_path / "a b.iso"
    source.write_bytes(BODY)
    assert fetch(source.as_uri(), tmp_path / "cache" / "x", sha256=SUM) == source
    assert fetch(str(source), tmp_path / "cache" / "x", sha256=SUM) == source
    assert names(tmp_path / "cache") == {"x.checked"}
    with pytest.raises(ArtifactError, match="wrong sha256"):
        fetch(source.as_uri(), tmp_path / "cache" / "x", sha256="0" * 64)


def test_a_file_url_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no such file"):
        fetch("file:///no/such.iso", tmp_path / "x")


def test_what_a_killed_process_left_can_be_found_and_removed(tmp_path: Path) -> None:
    (tmp_path / "dead.part").write_bytes(b"half")
    (tmp_path / "dead.part.validator").write_text("x")
    (tmp_path / "dead.part.d").mkdir()
    with part_file.part_of(tmp_path / "alive"):
        assert part_file.discard_abandoned(tmp_path) == [tmp_path / "dead.part"]
        assert names(tmp_path) == {"alive.part"}


def test_a_part_finished_between_opening_and_locking_it_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, target, part_path = fcntl.flock, tmp_path / "a", tmp_path / "a.part"

    def late(file: Any, operation: int) -> None:
        if not target.exists():
            part_path.replace(target)  # as the process that held it does
        real(file, operation)

    monkeypatch.setattr("fcntl.flock", late)
    with part_file.part_of(target) as part:
        assert part.path.samefile(part_path)
        part.file.write(b"mine")
        part.file.flush()
        assert target.read_bytes() == b""


def test_nothing_of_urllib_is_imported_before_it_is_needed() -> None:
    code = "import sys, abcd_run.download; sys.exit('urllib.request' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
