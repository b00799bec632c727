"""Layers that an engine makes, by carrying out a Containerfile over what is below."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from abcd_run.build.stack import Settings, Stack
from abcd_run.concurrency.cancel import call
from abcd_run.errors import ArtifactError, NoRuntime
from abcd_run.model import Artifact, Format
from abcd_run.oci.model import Image
from abcd_run.oci.reader import open_image
from abcd_run.oci.reference import LOCAL
from abcd_run.oci.store import Store
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Builds, Problem, Runtime, Say


@dataclass(frozen=True, slots=True)
class Engine:
    """A runtime that builds."""

    runtime: Runtime
    builds: Builds

    def offer(self, stack: Stack, above: str, store: Store, *, say: Say) -> str:
        """Give the engine what a layer is to stand on; return its full name, for `FROM`."""
        name = f"{above}-below"
        stack.enter(store, name)
        image = store.resolve(name)
        assert image is not None
        full = f"{LOCAL}{name}:latest"
        known = Artifact(Format.OCI, full, name, store.folder, id=image.config_digest)
        self.runtime.provide(known, pull="never", say=say)
        store.remove(name)
        return full

    @contextmanager
    def built(self, context: Path, name: str, *, say: Say) -> Iterator[Image]:
        """Build a folder with a Containerfile; yield the image, which is on disk until the end."""
        full = f"{LOCAL}{name}:latest"
        self.builds.build(context, name=full, say=say)
        say("storing what was built")
        archive = context.with_name(f"{context.name}.tar")
        try:
            self.builds.save(full, archive)
            yield open_image(archive)
        finally:
            archive.unlink(missing_ok=True)


def settings_of(image: Image) -> Settings:
    """Return what an image says about how to run it."""
    settings = json.loads(image.raw_config).get("config") or {}
    return {key: value for key, value in settings.items() if value}


def above(image: Image, stack: Stack) -> Image:
    """Return the image with the layers alone that it has over a stack's.

    Raises `ArtifactError` if it does not stand on that stack.
    """
    ours = [layer.diff_id for layer in stack.layers]
    theirs = [layer.diff_id for layer in image.layers]
    if theirs[: len(ours)] != ours:
        raise ArtifactError(
            "the engine built on something else",
            remedy="FROM ${BASE} must be the Containerfile's last FROM",
        )
    return replace(image, layers=image.layers[len(ours) :])


def of(fleet: Fleet) -> Engine:
    """Return the first usable runtime that builds. Raises `NoRuntime`."""
    problems = []
    for name in fleet.registry.names():
        try:
            runtime = call(partial(fleet.runtime, name))
            if problem := call(runtime.probe).refusal():
                raise problem.error(name)
        except NoRuntime as error:
            problems.append(f"{error.message} → {error.remedy}")
            continue
        if isinstance(runtime, Builds):
            return Engine(runtime, runtime)
    raise Problem("no runtime on this host can build images", "\n".join(problems)).error("building")
