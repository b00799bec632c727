"""Where `publish` puts a family: behind a registry's reference, into an archive or a layout."""

import re
from dataclasses import dataclass
from pathlib import Path

from abcd_run.errors import UsageError
from abcd_run.images.profile_keys import REFERENCE_PATTERN
from abcd_run.oci.reference_parts import registry

ARCHIVE, LAYOUT = "oci-archive:", "oci:"


@dataclass(frozen=True, slots=True)
class Destination:
    """A registry's `reference` with its tag, or the path of an `archive` or a `layout`."""

    reference: str = ""
    archive: Path | None = None
    layout: Path | None = None

    @property
    def word(self) -> str:
        """What launches a family from there."""
        if self.reference:
            return self.reference
        path = str(self.archive or self.layout)
        return path if path.startswith("/") else f"./{path}"


def read(word: str) -> Destination:
    """Read `registry/name:tag`, `oci-archive:FILE` or `oci:FOLDER`. Raises `UsageError`."""
    for prefix in (ARCHIVE, LAYOUT):
        if word.startswith(prefix):
            path = _path(word.removeprefix(prefix), prefix)
            return Destination(archive=path) if prefix == ARCHIVE else Destination(layout=path)
    match = re.fullmatch(REFERENCE_PATTERN, word)
    if match is None or not registry(word):
        raise UsageError(
            f"{word!r} is not a reference in a registry",
            remedy="write it as registry.example/name:tag, in lower case, or oci-archive:FILE",
        )
    if match["digest"]:
        raise UsageError(
            f"{word}: nobody can publish under a digest", remedy="write it as registry/name:tag"
        )
    return Destination(word if match["tag"] else f"{word}:latest")


def check_key(key: str, to: Destination) -> None:
    """Refuse what cannot be the fingerprint of a key, and a signature in a file. `UsageError`."""
    if key and not re.fullmatch(r"[0-9A-Fa-f]{16,40}", key):
        raise UsageError(
            f"--sign-by {key!r} is not the fingerprint of a GPG key",
            remedy="gpg --list-secret-keys --fingerprint; write it without spaces",
        )
    if key and not to.reference:
        raise UsageError(
            "--sign-by: a file cannot hold signatures",
            remedy="publish it to a registry, or sha256sum",
        )


def _path(text: str, prefix: str) -> Path:
    path = Path(text).expanduser()
    if not text or ":" in text:  # skopeo takes what follows a colon for a name
        raise UsageError(
            f"{prefix}{text}: expected a path without a colon", remedy=f"{prefix}family.oci.tar"
        )
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder", remedy=f"mkdir -p {path.parent}")
    if path.exists() and path.is_dir() == (prefix == ARCHIVE):
        raise UsageError(f"{path} is already something else", remedy="choose another name")
    return path
