"""A recipe: the folder beside a profile that an image is built from, one folder per layer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from abcd_run.images.profile import variant_name
from abcd_run.model import Kind

BASE = "base"
LABEL = "abcd-run.recipe"
"""The label on a built image that identifies the state of its recipe."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One folder of a recipe and the name of the image built from it."""

    folder: Path
    name: str


def has(recipe: Path | None, kind: Kind) -> bool:
    """Say whether a variant can be built from a recipe."""
    return recipe is not None and (recipe / kind / "Containerfile").is_file()


def layers(recipe: Path, kinds: tuple[Kind, ...]) -> list[Layer]:
    """Return the layers to build for these variants, base first; the folder names the image."""
    image = recipe.name
    own = [Layer(recipe / kind, variant_name(image, kind)) for kind in kinds if has(recipe, kind)]
    return [Layer(recipe / BASE, f"{image}-{BASE}"), *own]


def digest(recipes: Iterable[Path], kind: Kind) -> str:
    """Return a digest of everything a variant is built from: names, contents, executable bits."""
    import hashlib  # noqa: PLC0415  (OpenSSL costs 2 ms; `images` needs it only for what was built here)

    total = hashlib.sha256()
    for recipe in recipes:
        for file in (*_files(recipe / BASE), *_files(recipe / kind)):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            executable = file.stat().st_mode & 0o100
            total.update(f"{file.relative_to(recipe)}\0{executable}\0{content}\n".encode())
    return total.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())
