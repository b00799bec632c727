"""From a part of a recipe to its steps: each is made anew only if what it is made from changed."""

from collections.abc import Callable

from abcd_run.build import containerfile, files, packages, prepared
from abcd_run.build.bench import Bench
from abcd_run.build.stack import Stack, Step, key_of
from abcd_run.images.recipe import CONTAINERFILE, FILES, PACKAGES, PREPARE, SETUP, digest_of
from abcd_run.model import Part


def put_over(stack: Stack, part: Part, bench: Bench) -> Stack:
    """Return the stack with a part over it. Raises `ArtifactError`."""
    about, folder = bench.about(f"{part.image} {part.layer}"), part.folder
    if (folder / CONTAINERFILE).exists():
        return _with_containerfile(stack, part, about)
    if (folder / PREPARE).exists():
        key = key_of(PREPARE, digest_of(folder, without=(PACKAGES, FILES, SETUP)))
        stack = stack.over(_step(key, lambda: prepared.layers(folder, key, about), about))
    if (folder / PACKAGES).exists():
        stack = _with_packages(stack, part, about)
    if (folder / FILES).is_dir():
        own = key_of(FILES, digest_of(folder / FILES))
        stack = stack.over(_step(own, lambda: files.layer(folder / FILES, own, about), about))
    if (folder / SETUP).exists():
        stack = _set_up(stack, part, about)
    return stack


def _step(key: str, make: Callable[[], Step], bench: Bench) -> Step:
    return bench.known.get(key) or make()


def _with_containerfile(stack: Stack, part: Part, bench: Bench) -> Stack:
    stands = containerfile.stands_on_base(part)
    below = stack if stands else Stack()
    key = key_of(CONTAINERFILE, digest_of(part.folder), below.key)
    made = _step(key, lambda: containerfile.layer(part, key, below, bench), bench)
    return below.over(made)


def _with_packages(stack: Stack, part: Part, bench: Bench) -> Stack:
    names = packages.words(part.folder / PACKAGES)
    key = key_of(PACKAGES, " ".join(names), stack.key)
    return stack.over(_step(key, lambda: packages.installed(part, key, stack, bench), bench))


def _set_up(stack: Stack, part: Part, bench: Bench) -> Stack:
    key = key_of(SETUP, (part.folder / SETUP).read_text(), stack.key)
    return stack.over(_step(key, lambda: packages.set_up(part, key, stack, bench), bench))
