"""What an image's package lists say, and what they cannot do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.doctor import advisories
from abcd_run.errors import ArtifactError
from abcd_run.oci import packages
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine
from tests.unit.oci.making import Tar, image

DEBIAN = b"""Package: nginx
Status: install ok installed
Version: 1.22.1-9+deb12u1
Description: a server
 Version: none

Package: nothing

Version: 7

Package: xpra
Version: 3.1-1
"""
ALPINE = b"C:Q1\nP:nginx\nV:1.30.7-r0\nA:x86_64\n\nP:xpra\nV:6.4.3-r0\n"
WANTED = ("nginx", "xpra", "absent")


def layer(path: str, text: bytes) -> Tar:
    return Tar().file(path, text)


@pytest.mark.parametrize(
    ("made", "versions"),
    [
        (layer("var/lib/dpkg/status", DEBIAN), {"nginx": "1.22.1-9+deb12u1", "xpra": "3.1-1"}),
        (layer("lib/apk/db/installed", ALPINE), {"nginx": "1.30.7-r0", "xpra": "6.4.3-r0"}),
        (layer("etc/other", b"x"), {}),
        (Tar().folder("var/lib/dpkg/status"), {}),
        (Tar().link("var/lib/dpkg/status", "/etc/passwd"), {}),
    ],
)
def test_lists(tmp_path: Path, made: Tar, versions: dict[str, str]) -> None:
    assert packages.installed(image(tmp_path / "l", made), WANTED) == versions


def test_a_list_without_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "LIST_BYTES", 100)
    with pytest.raises(ArtifactError, match="list of packages"):
        packages.installed(image(tmp_path / "l", layer("var/lib/dpkg/status", DEBIAN)), WANTED)


def test_doctor_tells_what_an_image_brings(
    tmp_path: Path, engines: Callable[..., list[FakeEngine]], run: Callable[..., Ended]
) -> None:
    engines("one")
    made = tmp_path / "layout"
    image(made, layer("var/lib/dpkg/status", DEBIAN))
    shown = run("doctor", str(made))
    assert shown.status == 0
    assert "includes nginx 1.22.1-9+deb12u1, xpra 3.1-1" in shown.out
    assert "     ! nginx 1.22.1-9+deb12u1: " in shown.out
    assert "the package may contain the fix" in shown.out
    assert advisories.known("nginx", "1.30.7-r0") == ()
