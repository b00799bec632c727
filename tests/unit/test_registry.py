"""Plug-ins: found by entry points, and never a crash when they are broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from abcd_run.errors import UsageError
from abcd_run.plugins.registry import Registry, connect
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import ENGINES, FakeEngine, fake_backend

Plugins = Callable[..., Path]

BROKEN = {
    "raises": "1 / 0",
    "misses_its_sdk": "import firecracker_sdk",
    "misses_itself": "import abcd_run_nosuch",
    "is_no_backend": "BACKEND = 'a string'",
    "has_no_backend": "",
    "is_no_python": "def",
    "exits": "raise SystemExit(3)",
}
SAYS = {
    "raises": "its plug-in is broken: ZeroDivisionError: division by zero",
    "misses_its_sdk": "the Python package 'firecracker_sdk' is not installed",
    "misses_itself": "its plug-in is broken: No module named 'abcd_run_nosuch'",
    "is_no_backend": "its plug-in is broken: TypeError: 'a string' is not a Backend",
    "has_no_backend": "its plug-in is broken: AttributeError",
    "is_no_python": "its plug-in is broken: SyntaxError",
    "exits": "its plug-in is broken: SystemExit: 3",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_a_line(kind: str, plugins: Plugins, run: Callable[..., Ended]) -> None:
    name = f"plugin_{kind}"
    folder = plugins(broken=f"{name}:BACKEND", fake="abcd_run.testing.fake:BACKENDS.fake")
    (folder / f"{name}.py").write_text(BROKEN[kind])
    backend = Registry.installed().backend("broken")
    assert isinstance(backend, Problem)
    assert backend.message.startswith(SAYS[kind])
    assert backend.remedy
    assert SAYS[kind] in run("doctor").out
    assert run("ps").status == 0
    asked = run("ps", "--on", "broken")
    assert asked.status == 3
    assert SAYS[kind] in asked.err


NO_SDK = """
from abcd_run.runtime import Backend
BACKEND = Backend("broken", ("oci",), lambda: None, lambda: 1 / 0, sdk="no_such_sdk")
"""


def test_an_engine_whose_sdk_is_not_installed_is_not_here(
    plugins: Plugins, run: Callable[..., Ended]
) -> None:
    """A host has more engines than a person has installed abcd-run for: `ps` need not say so."""
    folder = plugins(broken="plugin_no_sdk:BACKEND", fake="abcd_run.testing.fake:BACKENDS.fake")
    (folder / "plugin_no_sdk.py").write_text(NO_SDK)
    said = "the Python package 'no_such_sdk' is not installed"
    for command in (("ps",), ("stop", "--all"), ("prune",)):
        ended = run(*command)
        assert (ended.status, ended.err) == (0, "")
    doctor = run("doctor").out
    assert f"FAIL broken: {said}" in doctor
    assert "install 'abcd-run[broken]'" in doctor
    asked = run("ps", "--on", "broken")
    assert (asked.status, said in asked.err) == (3, True)


def test_two_of_one_name_are_refused(plugins: Plugins) -> None:
    plugins(("same", "one:BACKEND"), ("same", "two:BACKEND"))
    backend = Registry.installed().backend("same")
    assert backend == Problem(
        "two plug-ins are called same: one:BACKEND and two:BACKEND", "uninstall one of them"
    )


def test_one_that_is_seen_twice_is_one(plugins: Plugins) -> None:
    value = "abcd_run.testing.fake:BACKENDS.fake"
    plugins(("fake", value), ("fake", value))
    assert isinstance(Registry.installed().backend("fake"), Backend)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ((), ["first", "second", "another", "broken"]),
        (("broken", "nosuch", "second"), ["broken", "second", "first", "another"]),
    ],
)
def test_order(
    order: tuple[str, ...], names: list[str], plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences = {"another": 100, "second": 20, "first": 10}
    for name, preference in preferences.items():
        monkeypatch.setitem(ENGINES, name, FakeEngine(name, preference=preference))
    fakes = {name: f"abcd_run.testing.fake:BACKENDS.{name}" for name in preferences}
    plugins(broken="b:B", **fakes)
    assert Registry.installed(order).names() == names


def test_ours_come_in_the_documented_order() -> None:
    ours = ["podman", "docker", "lxd", "libvirt", "virtualbox", "kubernetes", "browser"]
    listed = [name for name in Registry.installed().names() if name in ours]
    assert listed == ours


def test_unknown(plugins: Plugins) -> None:
    plugins(podman="p:P")
    with pytest.raises(UsageError, match="no runtime called 'pdoman'") as caught:
        Registry.installed().known("pdoman")
    assert caught.value.remedy == "did you mean podman?"
    assert caught.value.details == "known runtimes: podman"


def test_connect() -> None:
    engine = FakeEngine()
    runtime = connect(fake_backend(engine))
    assert isinstance(runtime, Runtime)
    engine.problem = Problem("not installed", "install it")
    assert connect(fake_backend(engine)) == engine.problem
    assert engine.calls == ["missing", "open", "missing"]


@pytest.mark.parametrize("backend", ["podman", "docker", "lxd", "libvirt", "virtualbox"])
def test_built_in_backends_are_missing_on_a_bare_host(backend: str, home: Path) -> None:
    """They say what to install, without their SDK."""
    module = pytest.importorskip(f"abcd_run_{backend}")
    problem = module.BACKEND.missing()
    assert problem
    assert problem.message
    assert problem.remedy
