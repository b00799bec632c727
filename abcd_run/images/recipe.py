"""A recipe: the folder beside a profile that an image is built from, one folder per layer.

A layer's folder has one or more of these, applied in this order:

| name | what it is |
|---|---|
| `prepare` | a program that writes tars, each of which becomes a layer |
| `Containerfile` | what an engine builds, over what is below it |
| `packages` | the names of packages to install |
| `files/` | a tree that is put over it |
| `setup` | a program that runs inside, as root |

If the recipe has no folder `base`, its own folder is the base's.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from abcd_run.model import BASE, Kind, Part, Recipe

LABEL = "abcd-run.recipe"
"""The label on a built image that identifies the state of its recipe."""

PREPARE, CONTAINERFILE, PACKAGES, FILES, SETUP = WAYS = (
    "prepare",
    "Containerfile",
    "packages",
    "files",
    "setup",
)
"""What a layer can be made from."""


def parts(folder: Path) -> tuple[Part, ...]:
    """Return the layers that the recipe in a folder describes; none if there is no such folder."""
    image = folder.name
    base = folder / BASE if (folder / BASE).is_dir() else folder
    wanted = [Part(base, image, BASE), *(Part(folder / kind, image, kind) for kind in Kind)]
    return tuple(part for part in wanted if any((part.folder / way).exists() for way in WAYS))


def below(recipe: Recipe, kind: Kind) -> tuple[Part, ...]:
    """Return the parts of a variant in the order in which they lie over each other."""
    bases = [part for part in recipe.parts if part.layer == BASE]
    return (*bases, *(part for part in recipe.parts if part.layer == kind))


def has(recipe: Recipe | None, kind: Kind) -> bool:
    """Say whether a variant can be built: a container needs a base, others an upper layer too."""
    if recipe is None:
        return False
    layers = {part.layer for part in recipe.parts}
    return kind in layers or (kind is Kind.CONTAINER and bool(recipe.origin or BASE in layers))


def digest(recipe: Recipe, kind: Kind) -> str:
    """Return a digest of everything a variant is built from."""
    import hashlib  # noqa: PLC0415  (OpenSSL costs 2 ms; `images` needs it only for what was built here)

    total = hashlib.sha256()
    for part in below(recipe, kind):
        total.update(f"{part.image}\0{part.layer}\0{digest_of(part.folder)}\n".encode())
    total.update(f"{_state(recipe.origin)}\0{dict(recipe.settings).get(kind, '')}".encode())
    return total.hexdigest()


def digest_of(folder: Path, *, without: Iterable[str] = ()) -> str:
    """Return a digest of a layer's folder: names, contents, executable bits and links.

    Leaves out what is called as in `without` at its top.
    """
    import hashlib  # noqa: PLC0415

    total = hashlib.sha256()
    for path in _files(folder, {*without}):
        name = path.relative_to(folder)
        if path.is_symlink():
            total.update(f"{name}\0link\0{path.readlink()}\n".encode())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{name}\0{path.stat().st_mode & 0o100}\0{content}\n".encode())
    return total.hexdigest()


def _files(folder: Path, without: set[str]) -> Iterator[Path]:
    """Yield what is in a layer's folder, without the layers' folders if it is the recipe's own."""
    others = without if folder.name in {BASE, FILES} else {*Kind, *without}
    for path in sorted(folder.iterdir()):
        if path.name not in others:
            yield from sorted(path.rglob("*")) if path.is_dir() else (path,)


def _state(origin: str) -> str:
    """Tell one state of a base from another without reading all of it."""
    path = Path(origin)
    if not path.is_absolute() or not path.exists():
        return origin
    facts = path.stat()
    return f"{origin} {facts.st_size} {facts.st_mtime_ns}"
