"""The `cidata` CD: one virtual machine's settings, in the form cloud-init and Kairos read."""

from __future__ import annotations

import io
import os
import re
from typing import TYPE_CHECKING

from pycdlib import PyCdlib

from abcd_run.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LABEL = "cidata"


def write_seed(
    target: Path, *, user_data: str, meta_data: str, values: Mapping[str, str] | None = None
) -> None:
    """Write TARGET, readable only by its owner, with user-data, meta-data and abcd-seed.

    abcd-seed has a line KEY='value' for each of VALUES, for a shell to read.
    """
    files = {"user-data": user_data, "meta-data": meta_data, "abcd-seed": lines(values or {})}
    image = _image({name: text.encode() for name, text in files.items()})
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(image)
    part.replace(target)


def _image(files: Mapping[str, bytes]) -> bytes:
    iso = PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for number, (name, content) in enumerate(files.items()):
        iso.add_fp(
            io.BytesIO(content),
            len(content),
            f"/FILE{number}.;1",
            rr_name=name,
            joliet_path=f"/{name}",
            file_mode=0o100400,  # inside too, only root may read the password
        )
    image = io.BytesIO()
    iso.write_fp(image)
    iso.close()
    return image.getvalue()


def lines(values: Mapping[str, str]) -> str:
    """Return VALUES as KEY='value' lines for a shell."""
    return "".join(f"{_key(key)}={_quoted(key, value)}\n" for key, value in values.items())


def _key(key: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        raise ArtifactError(f"{key!r} cannot be a key of the seed")
    return key


def _quoted(key: str, value: str) -> str:
    """Quote for a shell, where only the quote itself is special between single quotes."""
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", value):
        raise ArtifactError(
            f"the seed cannot carry {key}: it contains a line break or control character",
            details=repr(value)[:200],
        )
    return "'" + value.replace("'", "'\\''") + "'"
