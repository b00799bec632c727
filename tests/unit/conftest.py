"""What unit tests stand on: a home of their own, and a runtime that is no engine."""

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abcd_run import __version__, commands
from abcd_run.concurrency.cancel import Token, using
from abcd_run.images.catalogue import Catalogue
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import ENGINES, FakeEngine

Run = Callable[..., Ended]
Write = Callable[..., Path]

MEMORY = 512 << 20
"""Bytes by which no module of tests may grow, whatever it feeds to the code."""

WEB = """
summary = "An image for tests"
user = "abcd"
[abcdic]
image = "registry.example/abcdic4web:1"
[services.web]
port = 8080
protocol = "http"
open = true
[services.ssh]
port = 22
protocol = "ssh"
[ready]
service = "web"
timeout = 20
"""


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.fixture(autouse=True, scope="module")
def _bounded_memory() -> Iterator[None]:
    before = _most_memory()
    yield
    assert _most_memory() - before < MEMORY


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with an empty home on a host without any engine; the working folder is new too."""
    for name in list(os.environ):
        if name.startswith(("ABCD_", "XDG_", "LC_", "LANG", "DISPLAY", "WAYLAND")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    for part in ("bin", "run", "work"):
        (folder / part).mkdir(mode=0o700, parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
    monkeypatch.setenv("LXD_DIR", str(folder / "lxd"))
    monkeypatch.chdir(folder / "work")
    return folder


@pytest.fixture
def plugins(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Make these plug-ins, `name="module:value"`, the only ones that are installed.

    A second distribution called abcd-run hides the first one from the import system.
    """
    folder = home / "plugins"
    info = folder / f"abcd_run-{__version__}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: abcd-run\nVersion: {__version__}")

    def install(*pairs: tuple[str, str], **entries: str) -> Path:
        lines = [f"{name} = {value}" for name, value in (*pairs, *entries.items())]
        text = "\n".join(["[abcd_run.runtimes]", *lines])
        (info / "entry_points.txt").write_text(text + "\n")
        return folder

    install()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    before = set(sys.modules)
    yield install
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


PREFERENCES = {"podman": 10, "docker": 20}
"""Of fake engines that go by these names, as the real ones have them."""


@pytest.fixture
def engines(plugins: Callable[..., Path]) -> Iterator[Callable[..., list[FakeEngine]]]:
    """Install fake engines by name; each test ends them all."""
    kept = dict(ENGINES)
    ENGINES.clear()

    def install(*names: str) -> list[FakeEngine]:
        ENGINES.update(
            {name: FakeEngine(name, preference=PREFERENCES.get(name, 100)) for name in names}
        )
        plugins(**{name: f"abcd_run.testing.fake:BACKENDS.{name}" for name in names})
        return list(ENGINES.values())

    yield install
    for engine in ENGINES.values():
        engine.close()
    ENGINES.clear()
    ENGINES.update(kept)


@pytest.fixture
def engine(engines: Callable[..., list[FakeEngine]]) -> FakeEngine:
    """The one runtime of this host, called fake."""
    return engines("fake")[0]


@pytest.fixture
def fleet(engine: FakeEngine) -> Iterator[Fleet]:
    """A fleet of that one runtime."""
    with Fleet(Registry.installed()) as fleet:
        yield fleet


@pytest.fixture
def write(home: Path) -> Write:
    """Write a profile into the user's own folder, and return its path."""

    def write(name: str, text: str, *, folder: Path | None = None) -> Path:
        path = (folder or home / ".config" / "abcd-run" / "profiles") / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def web(write: Write) -> Path:
    """The profile of an image called web, with a page and ssh."""
    return write("web", WEB)


@pytest.fixture
def catalogue(web: Path) -> Catalogue:
    """The catalogue of the user who has that profile."""
    return Catalogue.usual()


@pytest.fixture
def run(home: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command line in this process, as a script would see it."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str) -> Ended:
        capfd.readouterr()
        status = commands.run(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in err, err
        return Ended(status, out, err, arguments)

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def token() -> Iterator[Token]:
    """The token that what a test does heeds."""
    with using(Token()) as token:
        yield token
