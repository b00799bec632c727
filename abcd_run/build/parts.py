"""From a part of a recipe to its steps: each is made anew only if what it is made from changed."""

from collections.abc import Callable, Iterator
from pathlib import Path

from abcd_run.build import containerfile, files, packages, prepared
from abcd_run.build.bench import Bench
from abcd_run.build.stack import Stack, Step, key_of
from abcd_run.images.recipe import CONTAINERFILE, FILES, PACKAGES, PREPARE, SETUP, digest_of
from abcd_run.model import Part


def put_over(stack: Stack, part: Part, bench: Bench) -> Stack:
    """Return the stack with a part over it. Raises `ArtifactError`.

    After each step the store has it under a name of its own: it is not lost if a later one fails.
    """
    name = "-".join((part.image, part.layer, *stack.foreign))
    for higher in _stacks(stack, part, bench.about(f"{part.image} {part.layer}")):
        higher.enter(bench.store, name)
        stack = higher
    return stack


def _stacks(stack: Stack, part: Part, bench: Bench) -> Iterator[Stack]:
    """Yield the stack after each step of a part."""
    folder, files_in = part.folder, part.folder / FILES
    if (folder / CONTAINERFILE).exists():
        yield _with_containerfile(stack, part, bench)
        return
    if (folder / PREPARE).exists():
        yield (stack := _prepared(stack, folder, bench))
    if (folder / PACKAGES).exists():
        yield (stack := _with_packages(stack, part, bench))
    if files_in.is_dir():
        own = key_of(FILES, digest_of(files_in))
        yield (stack := stack.over(_step(own, lambda: files.layer(files_in, own, bench), bench)))
    if (folder / SETUP).exists():
        yield _set_up(stack, part, bench)


def _step(key: str, make: Callable[[], Step], bench: Bench) -> Step:
    return bench.known.get(key) or make()


def _prepared(stack: Stack, folder: Path, bench: Bench) -> Stack:
    key = key_of(PREPARE, digest_of(folder, without=(PACKAGES, FILES, SETUP)), *stack.foreign)
    made = _step(key, lambda: prepared.layers(folder, key, stack.architecture, bench), bench)
    return stack.over(made)


def _with_containerfile(stack: Stack, part: Part, bench: Bench) -> Stack:
    stands = containerfile.stands_on_base(part)
    below = stack if stands else Stack(architecture=stack.architecture)
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
