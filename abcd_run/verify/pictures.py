"""The pictures of several screens: their sizes, what differs, and the files that show it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.errors import UsageError
from abcd_run.verify import picture
from abcd_run.verify.checks import PICTURE, SIZE
from abcd_run.verify.interview import Interviews
from abcd_run.verify.needle import Needle
from abcd_run.verify.values import Answer

if TYPE_CHECKING:
    from PIL.Image import Image

Named = tuple[str, Mapping[str, Answer]]


def compared(said: Interviews, needle: Needle) -> tuple[Named, Named]:
    """Return the answers about the sizes of screens, and about what is on them."""
    pictures = _pictures(said)
    missing = {
        runtime: Answer(why=own.why.get(PICTURE, "it was not asked"))
        for runtime, own in said.items()
        if own.picture is None
    }
    sizes = {name: Answer({"size": _size(one)}) for name, one in pictures.items()}
    likes = {name: Answer({"pixels": text}) for name, text in _texts(pictures, needle).items()}
    return (SIZE, _in_order(said, sizes | missing)), (PICTURE, _in_order(said, likes | missing))


def _pictures(said: Interviews) -> dict[str, "Image"]:
    return {runtime: own.picture for runtime, own in said.items() if own.picture is not None}


def _in_order(said: Interviews, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    return {runtime: answers[runtime] for runtime in said}


def _size(one: "Image") -> str:
    return f"{one.width}x{one.height}"


def _texts(pictures: Mapping[str, "Image"], needle: Needle) -> dict[str, str]:
    if not pictures:
        return {}
    chosen = picture.reference(pictures, needle)
    return {
        name: _text(like, chosen)
        for name, like in picture.against(pictures, chosen, needle).items()
    }


def _text(like: picture.Likeness | None, chosen: str) -> str:
    if like is None:
        return f"another size than on {chosen}"
    return f"as on {chosen}" if like.same else f"{like.share:.2f} % differ from {chosen}"


def save(said: Interviews, names: Mapping[str, str], needle: Needle, folder: Path) -> None:
    """Write each picture as NAME.png, and what differs as NAME-difference.png.

    Raises `UsageError` if the folder cannot be written to.
    """
    pictures = _pictures(said)
    if not pictures:
        return
    chosen = pictures[picture.reference(pictures, needle)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for runtime, one in pictures.items():
            one.save(folder / f"{names[runtime]}.png")
            if one is not chosen and one.size == chosen.size:
                marked = picture.difference(chosen, one, needle)
                picture.shown(one, marked).save(folder / f"{names[runtime]}-difference.png")
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror}",
            remedy="name another folder with --pictures",
        ) from error
