"""A file goes into the machine, is changed there, and comes out with the same bytes."""

import hashlib
from pathlib import Path

import pytest

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.tab import Tab
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

NAME = "a file's name ü.bin"
SECONDS = 60


def _put(tab: Tab, file: Path) -> str:
    files = tab.dialog("files")
    tab.page.set_input_files("#files-input", file)
    says = files.locator("#files-says")
    until(lambda: "on its way" not in says.inner_text() != "", within=SECONDS)
    said = says.inner_text()
    tab.close()
    return said


def _take(tab: Tab, path: str, into: Path) -> bytes:
    files = tab.dialog("files")
    files.get_by_label("Path inside").fill(path)
    with tab.page.expect_download(timeout=SECONDS * 1000) as coming:
        files.get_by_role("button", name="Download").click()
    coming.value.save_as(into)
    tab.close()
    return into.read_bytes()


def test_in_changed_and_out_again(empty: Tab, tmp_path: Path) -> None:
    bytes_in = bytes(range(256)) * 4096
    (tmp_path / NAME).write_bytes(bytes_in)
    empty.open()
    assert f"/{NAME}" in _put(empty, tmp_path / NAME)
    empty.run(f'sha256sum <"{NAME}" | cut -c 1-32', 1)
    empty.shows(hashlib.sha256(bytes_in).hexdigest()[:32])
    empty.run(f'ls -l "{NAME}" | cut -d " " -f 1; printf changed >>"{NAME}"', 2)
    assert _take(empty, NAME, tmp_path / "out") == bytes_in + b"changed"


def test_an_empty_file_and_a_name_that_is_taken(empty: Tab, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_bytes(b"")
    empty.open()
    assert "/one.txt" in _put(empty, tmp_path / "one.txt")
    (tmp_path / "one.txt").write_bytes(b"other\n")
    assert "/one-2.txt" in _put(empty, tmp_path / "one.txt")
    assert _take(empty, "one.txt", tmp_path / "out") == b""
    assert _take(empty, "~/one-2.txt", tmp_path / "out") == b"other\n"


def test_what_is_not_there_is_said(empty: Tab) -> None:
    empty.open()
    for path, why in (("/nowhere", "nowhere"), ("/etc", "folder"), ("/etc/shadow", "denied")):
        files = empty.dialog("files")
        files.get_by_label("Path inside").fill(path)
        files.get_by_role("button", name="Download").click()
        says = files.locator("#files-says")
        until(lambda says=says: "could not" in says.inner_text(), within=SECONDS)  # type: ignore[misc]
        assert why in says.inner_text()
        empty.close()


def test_a_dropped_file_goes_in(empty: Tab) -> None:
    empty.open()
    empty.page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["dropped\\n"], "dropped.txt"));
            for (const kind of ["dragover", "drop"]) {
                const event = new DragEvent(kind, { dataTransfer: data, bubbles: true });
                document.querySelector("#terminal").dispatchEvent(event);
            }
        }"""
    )
    says = empty.page.locator("#files-says")
    until(lambda: "In the machine" in says.inner_text(), within=SECONDS)
    empty.close()
    empty.run("cat dropped.txt", 1)
    empty.shows("\ndropped\n")
