"""An ISO as AuroraBoot makes it is downloaded, started, and ready by ssh or by its console.

See tests/guests/kairos_iso.py for what of it is Kairos', and docs/iso.md for what is not.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from abcd_run.iso import cache
from abcd_run.testing.cli import abcd_run, launch
from tests.engines_here import need
from tests.guests import kairos_iso

pytestmark = pytest.mark.timeout(600)  # the demo's ISO is built in the first one's time

IMAGE = "kairos-stand-in"
NAME = "kairos-stand-in-1"
PROFILE = """\
[abcdik]
iso = "{url}"
sha256 = "{sha256}"
[resources]
memory = "512MiB"
[services.ssh]
port = 22
protocol = "ssh"
[ready]
service = "ssh"
timeout = 240
"""


@pytest.fixture(scope="module")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make the ISO from the demo's; what the cache keeps of it goes with it."""
    need("libvirt")
    yield kairos_iso.of_the_demo(tmp_path_factory.mktemp("kairos"))
    for path in cache.folder().glob(f"*{IMAGE}*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.fixture
def url(iso: Path) -> Iterator[str]:
    """Serve the ISO."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(iso.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{iso.name}"
        server.shutdown()


def test_it_is_downloaded_and_ready_by_ssh(iso: Path, url: str, tmp_path: Path) -> None:
    profile = tmp_path / f"{IMAGE}.toml"
    sha256 = hashlib.sha256(iso.read_bytes()).hexdigest()
    profile.write_text(PROFILE.format(url=url, sha256=sha256))
    with _launched(str(profile)):
        ended = abcd_run("exec", NAME, "--", "sh", "-c", "hostname; id -un; cat /proc/cmdline")
        assert ended.status == 0, ended.err
        name, user, *arguments = ended.out.split()
        assert (name, user) == (NAME, "abcd")
        assert not {"install-mode", "nomodeset"} & set(arguments)


def test_a_file_is_ready_by_its_console(iso: Path) -> None:
    settings = ("--set", f"ready.console={kairos_iso.PROMPT}", "--set", "ready.timeout=240")
    with _launched(str(iso), *settings, "--memory", "512MiB"):
        assert f"{NAME} {kairos_iso.PROMPT}" in abcd_run("logs", NAME).out


@contextmanager
def _launched(*words: str) -> Iterator[None]:
    """Launch an ISO on libvirt for as long as the block lasts."""
    try:
        (instance,) = launch("--on", "libvirt", "--name", NAME, *words)
        assert instance["stage"] == "ready"
        yield
    finally:
        abcd_run("stop", NAME)
