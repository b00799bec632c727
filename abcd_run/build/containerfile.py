"""The layer of a `Containerfile`, for those who would rather write one.

`ARG BASE` and `FROM ${BASE}` stand on what is below; a base's Containerfile may begin with any
other image.
"""

import re
import shutil
from pathlib import Path

from abcd_run.build import prepared
from abcd_run.build.bench import Bench
from abcd_run.build.engine import above, settings_of
from abcd_run.build.stack import Stack, Step
from abcd_run.errors import ArtifactError
from abcd_run.images.recipe import CONTAINERFILE, PREPARE
from abcd_run.model import BASE, Part
from abcd_run.oci.compose import add_layer
from abcd_run.oci.layers import open_layer

ARGUMENT = re.compile(r"^ARG +BASE *(=.*)?$", re.MULTILINE | re.IGNORECASE)


def stands_on_base(part: Part) -> bool:
    """Say whether a Containerfile stands on what is below it.

    Raises `ArtifactError` if an upper layer's does not.
    """
    file = part.folder / CONTAINERFILE
    if ARGUMENT.search(file.read_text()):
        return True
    if part.layer == BASE:
        return False
    raise ArtifactError(
        f"{file}: an upper layer must stand on its image's base",
        remedy="begin it with the lines: ARG BASE, FROM ${BASE}",
    )


def layer(part: Part, key: str, stack: Stack, bench: Bench) -> Step:
    """Return the step that a Containerfile describes, over a stack or from nothing.

    Raises `ArtifactError`.
    """
    engine = bench.engine()
    name = f"{part.image}-{part.layer}"
    private = prepared.copied(part.folder, bench.work)
    if (private / PREPARE).exists():
        prepared.run(private, part.folder, stack.architecture, bench.say)
    if stack.steps:
        _set_base(private, engine.offer(stack, name, bench.store, say=bench.say))
    try:
        with engine.built(private, name, say=bench.say) as image:
            own = above(image, stack)
            layers = tuple(add_layer(bench.store, open_layer(own, one)) for one in own.layers)
            settings = settings_of(image)
    except ArtifactError as error:
        error.message = f"{part.folder / CONTAINERFILE}: {error.message}"
        error.details = (error.details or "").replace(str(private), str(part.folder))
        raise
    shutil.rmtree(private)
    return Step(key, layers, settings)


def _set_base(context: Path, name: str) -> None:
    file = context / CONTAINERFILE
    file.write_text(ARGUMENT.sub(f"ARG BASE={name}", file.read_text()))
