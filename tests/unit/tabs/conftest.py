"""Pages of a small site, served by real servers to a simulated tab."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.model import Artifact, Format, Instance, Kind, Origin, Plan, Seed, Service, Source
from abcd_run_browser.runtime import BrowserRuntime
from tests.unit.tabs.tab import USER, Tab

PLAN = Plan(
    name="demo-browser-1",
    image="demo",
    variant="abcdibdemo",
    kind=Kind.BROWSER,
    runtime="browser",
    format=Format.SITE,
    source=Source(Origin.STORE, "abcdibdemo", "localhost/abcdibdemo:latest"),
    seed=Seed("demo-browser-1", USER, "a-secret-word-of-many-letters", keyboard="de"),
    services=(Service("web", 8080, "http", open=True), Service("ssh", 22, "ssh")),
    created="2026-01-01T00:00:00Z",
)
PIECE = "machine/files/" + "ab" * 16 + ".bin.zst"

Serve = Callable[..., Instance]


@pytest.fixture
def site(home: Path) -> Path:
    folder = home / "site"
    for path, content in (
        ("index.html", "<!doctype html><title>a page</title>"),
        ("page/main.mjs", "export {};"),
        ("v86/v86.wasm", "wasm"),
        ("machine/kernel-0123456789abcdef", "kernel"),
        (PIECE, "piece"),
        ("machine.json", json.dumps({"version": 1, "image": "demo"})),
        (".hidden", "hidden"),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    (home / "secret").write_text("of this host")
    (folder / "linked").symlink_to(home / "secret")
    return folder


@pytest.fixture
def runtime(home: Path) -> Iterator[BrowserRuntime]:
    runtime = BrowserRuntime()
    yield runtime
    for one in runtime.instances():
        runtime.remove(one.runtime_id)


@pytest.fixture
def serve(runtime: BrowserRuntime, site: Path) -> Serve:
    """Launch a page; `changes` are those of its plan."""

    def launched(**changes: object) -> Instance:
        plan = replace(PLAN, **changes)  # type: ignore[arg-type]
        image = runtime.provide(
            Artifact(Format.SITE, "x", path=site), pull="missing", say=lambda _: None
        )
        return runtime.start(runtime.create(plan, image))

    return launched


@pytest.fixture
def served(serve: Serve) -> Instance:
    return serve()


@pytest.fixture
def tab(served: Instance) -> Tab:
    return Tab(served)
