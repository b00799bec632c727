"""A download is checked, and a checked file is recognised again."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from abcd_run.download import checked, fetch
from abcd_run.download.checked import record_of
from abcd_run.errors import ArtifactError
from tests.unit.download.site import BODY, SUM, Site, names

if TYPE_CHECKING:
    from pathlib import Path


def test_refuses_a_wrong_sum_with_both_sums_and_keeps_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="wrong sha256") as caught:
        fetch(site.url, tmp_path / "a", sha256="0" * 64)
    assert "0" * 64 in caught.value.details
    assert SUM in caught.value.details
    assert names(tmp_path) == set()


@pytest.mark.parametrize("damage", [BODY[:-1], BODY[:-1] + b"?"])
def test_replaces_a_damaged_file(site: Site, tmp_path: Path, damage: bytes) -> None:
    target = fetch(site.url, tmp_path / "a", sha256=SUM)
    target.write_bytes(damage)
    os.utime(target, ns=(0, 0))
    fetch(site.url, target, sha256=SUM)
    assert target.read_bytes() == BODY


def test_replaces_a_damaged_file_whose_sum_was_never_given(site: Site, tmp_path: Path) -> None:
    target = fetch(site.url, tmp_path / "a")
    target.write_bytes(BODY[:-1])
    fetch(site.url, target)
    assert target.read_bytes() == BODY


def test_a_new_sum_in_the_profile_brings_the_new_file(site: Site, tmp_path: Path) -> None:
    target = fetch(site.url, tmp_path / "a", sha256=SUM)
    site.body, site.etag = b"new", '"two"'
    fetch(site.url, target, sha256=hashlib.sha256(b"new").hexdigest())
    assert target.read_bytes() == b"new"


def test_reads_an_untouched_file_only_once(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    real = checked._read

    def noted(path: Path) -> checked.Sum:
        read.append(path)
        return real(path)

    monkeypatch.setattr(checked, "_read", noted)
    target = fetch(site.url, tmp_path / "a", sha256=SUM)
    fetch(site.url, target, sha256=SUM)
    assert read == []
    record_of(target).write_text(f"{SUM} 1 1\n")
    for _ in range(2):
        fetch(site.url, target, sha256=SUM)
    assert read == [target]
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "record", [b"\xff\xfe garbage", b"", b"0" * 64 + b" 1 2 3 4", b"\0" * 9000]
)
def test_a_spoilt_record_heals(site: Site, tmp_path: Path, record: bytes) -> None:
    target = fetch(site.url, tmp_path / "a", sha256=SUM)
    whole = record_of(target).read_bytes()
    record_of(target).write_bytes(record)
    fetch(site.url, target, sha256=SUM)
    assert record_of(target).read_bytes() == whole
    assert len(site.asked) == 1


def test_one_rewritten_with_its_old_time_is_seen(site: Site, tmp_path: Path) -> None:
    for name, url in (("cached", site.url), ("shared", str(tmp_path / "shared"))):
        (tmp_path / "shared").write_bytes(BODY)
        path = fetch(url, tmp_path / name, sha256=SUM)
        status = path.stat()
        with path.open("r+b") as file:
            file.write(b"evil")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        if name == "cached":
            assert fetch(url, path, sha256=SUM).read_bytes() == BODY
        else:
            with pytest.raises(ArtifactError, match="wrong sha256"):
                fetch(url, tmp_path / name, sha256=SUM)


def test_one_that_changes_while_it_is_read_has_no_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, real = tmp_path / "shared", checked._digest

    def slow(file: Any) -> str:
        digest = real(file)
        shared.write_bytes(b"another")
        return digest

    shared.write_bytes(BODY)
    monkeypatch.setattr(checked, "_digest", slow)
    with pytest.raises(ArtifactError, match="wrong sha256") as caught:
        fetch(str(shared), tmp_path / "x", sha256=SUM)
    assert "changed while being read" in caught.value.details


def test_what_is_refused_is_not_kept_and_fetched_again(site: Site, tmp_path: Path) -> None:
    def whole(path: Path, name: str) -> None:
        if path.stat().st_size != len(BODY):
            raise ArtifactError(f"{name} is something else")

    site.body, site.etag = b"an error page", '"page"'
    with pytest.raises(ArtifactError, match=f"{site.url} is something else"):
        fetch(site.url, tmp_path / "a", verify=whole)
    assert names(tmp_path) == set()
    fetch(site.url, tmp_path / "a")  # as an earlier version kept it
    site.body, site.etag = BODY, '"iso"'
    assert fetch(site.url, tmp_path / "a", verify=whole).read_bytes() == BODY
