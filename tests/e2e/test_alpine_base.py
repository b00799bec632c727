"""An image of one's own on another distribution: a real Alpine, from an archive on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need

GUESTS = Path(__file__).parents[1] / "guests"
ON = ("podman", "docker", "lxd")
PROFILE = """
summary = "Our lab, on Alpine"
user = "root"
[base]
archive = "alpine.oci.tar"
[abcdic]
entrypoint = ["/sbin/init"]
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Path]:
    """An author's folder with an archive of Alpine; what the author launched ends."""
    need(*ON)
    words = ("--profiles", str(GUESTS), "alpine")
    built = abcd_run("build", *words, within=300)
    assert built.status == 0, built.err
    archive = tmp_path / "alpine.oci.tar"
    # The engine's image is what a registry or `skopeo copy` would give.
    saved = abcd_run(
        "artifact", "--profiles", str(GUESTS), "--to", "oci", "-o", str(archive), "alpine"
    )
    assert saved.status == 0, saved.err
    yield tmp_path
    abcd_run("stop", *(f"alpinelab-{runtime}-1" for runtime in ON))


def test_an_own_image_stands_on_alpine(lab: Path) -> None:
    (lab / "alpinelab.toml").write_text(PROFILE)
    (lab / "alpinelab" / "files" / "etc").mkdir(parents=True)
    (lab / "alpinelab" / "files" / "etc" / "motd").write_text("Alpine, ours.\n")
    on = ("--on", ",".join(ON), "--no-wait")
    ended = abcd_run("--profiles", str(lab), *on, "alpinelab", within=300)
    assert ended.status == 0, ended.err
    for runtime in ON:
        told = abcd_run(
            "exec", f"alpinelab-{runtime}-1", "--", "cat", "/etc/alpine-release", "/etc/motd"
        )
        assert told.out.startswith("3.23"), told.err
        assert told.out.endswith("\nAlpine, ours.\n")
