"""A runtime that builds without an engine: one more layer over what `FROM` names."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.model import Artifact
from abcd_run.oci import compose
from abcd_run.oci.archive import stream_archive
from abcd_run.oci.model import Image
from abcd_run.oci.store import Store
from abcd_run.runtime import Runtime, Say
from tests.unit.oci.making import Tar

FROM = re.compile(r"^FROM +(\S+)$", re.MULTILINE)


@dataclass
class Builder:
    """It records each Containerfile, and what was given to it to build on."""

    folder: Path
    built: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    provided: list[str] = field(default_factory=list[str])
    fails: str = ""

    @property
    def runtime(self) -> Runtime:
        """Itself, as the runtime that it stands for."""
        return cast(Runtime, self)

    def provide(self, artifact: Artifact, **_: Any) -> str:
        """Take an image from the local store."""
        self.provided.append(artifact.name)
        return artifact.name

    def build(self, context: Path, *, name: str, say: Say) -> None:
        """Carry out no line of the Containerfile but FROM, and add one file."""
        if self.fails:
            raise ArtifactError("building failed", details=self.fails, remedy="fix it")
        text = (context / "Containerfile").read_text()
        self.built[name] = text
        self.files[name] = {str(path.relative_to(context)) for path in context.rglob("*")}
        say("STEP 1")

    def save(self, name: str, out: Path) -> None:
        """Write the image that was built last under a name."""
        with (
            _image(self.folder / out.name, name, self.built[name]) as image,
            out.open("wb") as file,
        ):
            file.writelines(stream_archive(image, name))

    @property
    def order(self) -> list[str]:
        """The names that were built, the first one first."""
        return [name.removeprefix("localhost/").removesuffix(":latest") for name in self.built]


@contextmanager
def _image(folder: Path, name: str, text: str) -> Iterator[Image]:
    """Make what a Containerfile asks for in a store of its own."""
    ours, store = Store(xdg.store()), Store(folder)
    argument = re.search(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    base = argument[1] if argument else FROM.findall(text)[-1]
    below = ours.resolve(base.removeprefix("localhost/").removesuffix(":latest"))
    with store.importing():
        if below:
            compose.borrow(store, below)
        own = compose.add_layer(store, io.BytesIO(Tar().file(f"built/{name}").bytes()))
        layers = [*(below.layers if below else ()), own]
        compose.add_image(store, name, layers, {"Cmd": ["built"], "WorkingDir": "/built"}, {})
    image = store.resolve(name)
    assert image is not None
    yield image
