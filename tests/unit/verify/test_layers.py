"""What of an image is its upper layer's."""

from pathlib import Path

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.model import Kind
from abcd_run.verify import layers
from abcd_run.verify.layers import uppers
from tests.unit.oci.making import Tar, image

DPKG = b"Package: base\nVersion: 1\n"
BASE = Tar().folder("usr").file("usr/bin/one", b"1").file("var/lib/dpkg/status", DPKG).bytes()


def test_two_variants_of_a_base(tmp_path: Path) -> None:
    listed = DPKG + b"\nPackage: nginx\nVersion: 2\n"
    top = (
        Tar()
        .folder("./etc")
        .file("./etc/abcd/variant", b"c")
        .file("bin/nginx", b"x")
        .file("./var/lib/dpkg/status", listed)
        .file("usr/share/.wh.doc")
        .file("opt/old/.wh..wh..opq")
        .file("usr/lib/a-program-with-a-long-name", b"")
    )
    found = uppers(
        {
            Kind.CONTAINER: image(tmp_path / "c", BASE, top),
            Kind.LIVE: image(tmp_path / "k", BASE, Tar().hard("etc/k", "x")),
        }
    )
    own = found[Kind.CONTAINER]
    for path in (
        *("/etc", "/etc/abcd/variant", "/bin/nginx", "/usr/bin/nginx", "/usr/share/doc"),
        *("/usr/share/doc/a/b", "/opt/old/x"),
    ):
        assert own.owns(path), path
    for path in ("/usr/bin/one", "/usr/bin", "/usr", "/etc/abcd/other", "/usr/share/docs"):
        assert not own.owns(path), path
    assert own.packages == {"base": "1", "nginx": "2"}
    assert {"nginx", "a-program-with-"} <= own.programs
    assert found[Kind.LIVE].owns("/etc/k")
    assert found[Kind.LIVE].packages == {"base": "1"}  # the base's: it has no list of its own


def test_a_variant_alone_has_no_upper_layer(tmp_path: Path) -> None:
    (own,) = uppers({Kind.CONTAINER: image(tmp_path, BASE, Tar().file("etc/x"))}).values()
    assert (own.paths, own.packages) == (frozenset(), None)


def test_a_layer_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "IMAGE_ENTRIES", 2)
    long = Tar().file("a").file("b").file("c").file("d")
    images = {Kind.CONTAINER: image(tmp_path / "c", long), Kind.LIVE: image(tmp_path / "k", BASE)}
    with pytest.raises(ArtifactError, match="too large"):
        uppers(images)


def test_variants_without_a_common_base(tmp_path: Path) -> None:
    other = Tar().file("usr/bin/one", b"2").bytes()
    found = uppers(
        {Kind.CONTAINER: image(tmp_path / "c", BASE), Kind.LIVE: image(tmp_path / "k", other, BASE)}
    )
    assert all(own.owns("/usr/bin/one") for own in found.values())
