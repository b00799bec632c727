"""The image under a base: from a registry, or an archive on disk."""

from pathlib import Path

from abcd_run.build.bench import Bench
from abcd_run.build.engine import settings_of
from abcd_run.build.stack import Step, key_of
from abcd_run.oci import compose
from abcd_run.oci.fetch import fetched
from abcd_run.oci.model import Image
from abcd_run.oci.reader import open_image


def step(origin: str, bench: Bench) -> Step:
    """Return the step with all layers of an image. Raises `ArtifactError`."""
    image = _opened(origin, bench)
    compose.borrow(bench.store, image)
    return Step(key_of("origin", image.config_digest), image.layers, settings_of(image))


def _opened(origin: str, bench: Bench) -> Image:
    if Path(origin).is_absolute():
        bench.say(f"reading {origin}")
        return open_image(Path(origin))
    return fetched(bench.store, origin, pull="missing", say=bench.say)
