"""The layers of a program `prepare`: it runs as the user, and each of its tars is a layer."""

import os
import shutil
from pathlib import Path

from abcd_run.build.bench import Bench
from abcd_run.build.stack import Step
from abcd_run.errors import ArtifactError
from abcd_run.host import programs
from abcd_run.images.recipe import PREPARE
from abcd_run.oci.compose import add_layer
from abcd_run.runtime import Say

VARIABLE = "ABCD_RUN_ARCHITECTURE"
"""Tells `prepare` the architecture, in Debian's terms, where it is not this host's."""
DEBIAN = {"386": "i386"}


def layers(folder: Path, key: str, architecture: str, bench: Bench) -> Step:
    """Return the step with the tars that a folder's `prepare` writes, by name.

    It makes them for an architecture in OCI's terms; empty for this host's. Raises `ArtifactError`.
    """
    bench.say(f"running {PREPARE}")
    private = copied(folder, bench.work)
    run(private, folder, architecture, bench.say)
    tars = sorted(private.glob("*.tar"))
    if not tars:
        raise ArtifactError(
            f"{folder / PREPARE} wrote no tar", remedy="have it write a layer as NAME.tar"
        )
    made = []
    for path in tars:
        bench.say(f"storing {path.name}")
        with path.open("rb") as tar:
            made.append(add_layer(bench.store, tar))
    shutil.rmtree(private)
    return Step(key, tuple(made))


def copied(folder: Path, work: Path) -> Path:
    """Return a private copy of a layer's folder, called as its image and layer are."""
    private = work / f"{folder.parent.name}-{folder.name}"
    shutil.rmtree(private, ignore_errors=True)
    return Path(shutil.copytree(folder, private, symlinks=True))


def run(private: Path, folder: Path, architecture: str, say: Say) -> None:
    """Run a private copy's `prepare`; errors name the recipe's own. Raises `ArtifactError`."""
    script = folder / PREPARE
    # Not the caller's own: the layer is kept as one for the architecture that we ask for.
    ours = {name: value for name, value in os.environ.items() if name != VARIABLE}
    told = {VARIABLE: DEBIAN[architecture]} if architecture else {}
    try:
        programs.run(
            [str(private / PREPARE)],
            cwd=private,
            doing=PREPARE,
            say=say,
            environment=ours | told,
        )
    except PermissionError as error:
        raise ArtifactError(
            f"cannot start {script}",
            details="it is not executable, or its file system is mounted noexec",
            remedy=f"chmod +x {script}, or set ABCD_RUN_CACHE to another folder",
        ) from error
    except ArtifactError as error:
        error.message = f"{script}: {error.message}"
        error.details = (error.details or "").replace(str(private), str(folder))
        raise
