"""Files of a launch that another user can read while its instances run."""

import json
import os
from base64 import b64encode
from pathlib import Path

from abcd_run.host import xdg
from tests.isolation.conftest import Lab
from tests.isolation.stranger import Stranger

PLACES = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lib", "/var/log", "/var/cache", "/home"]


def holding(stranger: Stranger, since: float, words: list[str]) -> list[str]:
    """Return the files written since then that another user can read, with one of these words."""
    folders = [*PLACES, str(Path.home()), str(xdg.cache())]
    ended = stranger.python("files", str(since), json.dumps(words), *folders)
    paths: list[str] = json.loads(ended.out)["paths"]
    return paths


def test_no_file_tells_a_secret(lab: Lab, stranger: Stranger, tmp_path: Path) -> None:
    """No file written since the launch has a password, plain or as browsers send it."""
    logins = [f"abcd:{one['password']}" for one in lab.instances.values()]
    words = [*lab.secrets(), *(b64encode(login.encode()).decode() for login in logins)]
    assert holding(stranger, lab.began, words) == []


def test_the_search_finds_what_can_be_read(lab: Lab, stranger: Stranger) -> None:
    """The search finds a world-readable file, and not a private one."""
    word = f"word-{os.urandom(12).hex()}"
    opened, closed = (Path(f"/tmp/isolation-{os.getpid()}-{kind}") for kind in ("open", "closed"))
    try:
        for path, mode in ((opened, 0o644), (closed, 0o600)):
            path.write_text(f"a {word} b")
            path.chmod(mode)
        assert holding(stranger, lab.began, [word]) == [str(opened)]
    finally:
        opened.unlink(missing_ok=True)
        closed.unlink(missing_ok=True)


def test_our_folders_are_closed(lab: Lab, stranger: Stranger) -> None:
    """The session's folder and the cache of instances are private."""
    session = xdg.runtime_dir()
    assert session
    assert stranger.run("ls", str(session)).status != 0
    for path in Path("/tmp").glob("abcd-run*"):
        assert stranger.run("ls", str(path)).status != 0
        assert path.lstat().st_mode & 0o077 == 0
