"""A runtime that builds without an engine: one more layer over what `FROM` names."""

import io
import re
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from abcd_run import build
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.images.catalogue import Catalogue
from abcd_run.images.profile import Profile
from abcd_run.model import Artifact, Kind
from abcd_run.oci import compose
from abcd_run.oci.archive import stream_archive
from abcd_run.oci.model import Image
from abcd_run.oci.store import Store
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Runtime, Say
from tests.unit.oci.making import Tar

CONTAINER = (Kind.CONTAINER,)
PACKED = re.compile(r"\$\(echo (\S+) \| base64 -d\)")
FROM = re.compile(r"^FROM +(\S+)$", re.MULTILINE)


@dataclass
class Builder:
    """It records each Containerfile, and what was given to it to build on."""

    folder: Path
    built: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    provided: dict[str, Image] = field(default_factory=dict[str, Image])
    fails: str = ""
    fails_at: str = ""

    @property
    def runtime(self) -> Runtime:
        """Itself, as the runtime that it stands for."""
        return cast(Runtime, self)

    def provide(self, artifact: Artifact, **_: Any) -> str:
        """Take an image from the local store."""
        image = Store(xdg.store()).resolve(artifact.reference)
        assert image is not None
        self.provided[artifact.name] = image
        return artifact.name

    def build(self, context: Path, *, name: str, say: Say) -> None:
        """Carry out no line of the Containerfile but FROM, and add one file."""
        if self.fails:
            raise ArtifactError("building failed", details=self.fails, remedy="fix it")
        text = PACKED.sub(_script, (context / "Containerfile").read_text())
        if self.fails_at and self.fails_at in text:
            raise ArtifactError("building failed", remedy="fix it")
        self.built[name] = text
        self.files[name] = {str(path.relative_to(context)) for path in context.rglob("*")}
        say("STEP 1")

    def save(self, name: str, out: Path) -> None:
        """Write the image that was built last under a name."""
        image = self._made(Store(self.folder / out.name), name, self.built[name])
        with out.open("wb") as file:
            file.writelines(stream_archive(image, name))

    def _made(self, store: Store, name: str, text: str) -> Image:
        """Make what a Containerfile asks for, in a store of its own."""
        argument = re.search(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
        below = self.provided.get(argument[1] if argument else FROM.findall(text)[-1])
        with store.importing():
            if below:
                compose.borrow(store, below)
            own = compose.add_layer(store, io.BytesIO(Tar().file(f"built/{name}").bytes()))
            layers = [*(below.layers if below else ()), own]
            compose.add_image(store, name, layers, {"Cmd": ["built"], "WorkingDir": "/built"}, {})
        image = store.resolve(name)
        assert image is not None
        return image

    @property
    def order(self) -> list[str]:
        """The names that were built, the first one first."""
        return [name.removeprefix("localhost/").removesuffix(":latest") for name in self.built]


def _script(packed: re.Match[str]) -> str:
    return b64decode(packed[1]).decode()


def profile(name: str) -> Profile:
    return Catalogue.usual().profile(name)


def built(name: str, fleet: Fleet, kinds: tuple[Kind, ...] = CONTAINER) -> list[Image]:
    """Build variants of an image and return them."""
    names = build.build(profile(name), kinds, fleet, say=lambda _: None)
    images = [Store(xdg.store()).resolve(one) for one in names]
    return [image for image in images if image]
