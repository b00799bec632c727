"""Published ISOs: what starts, and what is refused before anything starts."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pycdlib import PyCdlib

from abcd_run import artifact
from abcd_run.artifact import live_iso
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.iso import cache
from abcd_run.model import Origin, Plan, Source
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from tests.unit.plans import MACHINE

INSTALLS = b"#cloud-config\ninstall:\n  auto: true\n"


def write(path: Path, config: bytes = b"") -> Path:
    """Write a small ISO with a cloud-config."""
    made = PyCdlib()
    made.new(interchange_level=3, rock_ridge="1.09", vol_ident="COS_LIVE")
    made.add_fp(io.BytesIO(config), len(config), "/CONFIG.;1", rr_name="config.yaml")
    made.write(str(path))
    made.close()
    return path


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    return write(tmp_path / "live.iso")


@pytest.fixture
def plan(medium: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path / "cache"))
    return replace(MACHINE, source=Source(Origin.ISO, str(medium), "abcdik-live"))


def refused(plan: Plan) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        live_iso.artifact(plan, say=lambda _: None)
    return caught.value


def with_sum(plan: Plan, sha256: str) -> Plan:
    return replace(plan, source=replace(plan.source, sha256=sha256))


def sum_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_started_where_it_lies(plan: Plan, medium: Path) -> None:
    for one in (plan, with_sum(plan, sum_of(medium))):
        assert live_iso.artifact(one, say=lambda _: None).path == medium
        assert live_iso.planned(one).path == medium


def test_a_wrong_sum_is_named_with_the_right_one(plan: Plan, medium: Path) -> None:
    expected = "0" * 64
    error = refused(with_sum(plan, expected))
    assert error.status == 4
    assert expected in error.details
    assert sum_of(medium) in error.details


def test_the_sum_beside_counts(plan: Plan, medium: Path) -> None:
    beside = medium.with_name("live.iso.sha256")
    beside.write_text(f"{sum_of(medium)}  live.iso\n")
    assert live_iso.artifact(plan, say=lambda _: None).path == medium
    with medium.open("r+b") as file:
        file.seek(40000)
        file.write(b"corrupt")
    assert "wrong sha256" in refused(plan).message


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["fifo", "huge", "garbage"])
def test_a_sum_beside_that_is_none(plan: Plan, medium: Path, what: str) -> None:
    beside = medium.with_name("live.iso.sha256")
    if what == "fifo":
        os.mkfifo(beside)
    else:
        beside.write_bytes(b"\xff\xfe")
    if what == "huge":
        os.truncate(beside, 1 << 40)
    assert live_iso.artifact(plan, say=lambda _: None).path == medium


def test_a_written_iso_has_its_sum_beside(plan: Plan, medium: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.iso"
    with Fleet(Registry.installed()) as fleet:
        artifact.write(plan, fleet, out, say=lambda _: None)
    assert sum_of(out) == sum_of(medium)
    assert (tmp_path / "copy.iso.sha256").read_text() == f"{sum_of(medium)}  copy.iso\n"


def test_a_cut_off_file(plan: Plan, medium: Path) -> None:
    whole = medium.read_bytes()
    medium.write_bytes(whole[:-2048])
    error = refused(plan)
    assert "cut off" in error.message
    assert str(len(whole)) in error.details


@pytest.mark.parametrize("content", [b"", b"\0" * 50000, b"<html>not found</html>"])
def test_what_is_no_iso(plan: Plan, medium: Path, content: bytes) -> None:
    medium.write_bytes(content)
    assert "not an ISO" in refused(plan).message


def test_one_that_installs_by_itself_only_when_asked_for(plan: Plan, medium: Path) -> None:
    write(medium, INSTALLS)
    error = refused(plan)
    assert "install.auto" in error.details
    assert "abcdik.installs=true" in error.remedy
    meant = replace(plan, source=replace(plan.source, installs=True))
    assert live_iso.artifact(meant, say=lambda _: None).path == medium


def test_never_is_never(plan: Plan) -> None:
    source = replace(plan.source, location="http://127.0.0.1:1/live.iso")
    error = refused(replace(plan, source=source, pull="never"))
    assert "not here yet" in error.message
    assert not list(xdg.cache().rglob("*.part"))


def test_a_url_is_kept_by_its_sum(plan: Plan, medium: Path, serve: Callable[[Path], str]) -> None:
    source = replace(plan.source, location=serve(medium), sha256=sum_of(medium))
    one = replace(plan, source=source)
    kept = live_iso.artifact(one, say=lambda _: None).path
    assert kept == cache.folder() / f"abcdik-live-{sum_of(medium)[:16]}.iso"
    medium.unlink()
    offline = replace(one, pull="never")
    assert live_iso.artifact(offline, say=lambda _: None).path == kept


def test_a_wrong_download_is_not_kept(
    plan: Plan, medium: Path, serve: Callable[[Path], str]
) -> None:
    source = replace(plan.source, location=serve(medium), sha256="0" * 64)
    error = refused(replace(plan, source=source))
    assert "wrong sha256" in error.message
    assert list(cache.folder().iterdir()) == []


def test_a_page_instead_of_an_iso_is_not_kept(
    plan: Plan, medium: Path, tmp_path: Path, serve: Callable[[Path], str]
) -> None:
    page = tmp_path / "page.iso"  # served like any other file
    page.write_bytes(b"<html>try later</html>" * 5000)
    one = replace(plan, source=replace(plan.source, location=serve(page)))
    error = refused(one)
    assert "is not an ISO" in error.message
    assert serve(page) in error.message
    assert list(cache.folder().iterdir()) == []
    page.write_bytes(medium.read_bytes())
    kept = live_iso.artifact(one, say=lambda _: None).path
    assert kept is not None
    kept.write_bytes(b"<html>as an earlier version kept it</html>")
    kept.with_name(kept.name + ".checked").unlink()
    assert live_iso.artifact(one, say=lambda _: None).path == kept
    assert kept.read_bytes() == medium.read_bytes()


@pytest.mark.timeout(20)
def test_a_fifo_is_not_waited_for(plan: Plan, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.iso"
    os.mkfifo(fifo)
    assert (
        "not a file"
        in refused(replace(plan, source=replace(plan.source, location=str(fifo)))).message
    )


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Return a function that gives the URL of a file."""
    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield lambda path: f"http://127.0.0.1:{server.server_port}/{path.name}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serve files without logging."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
        """Say nothing."""
