"""The images that abcd-run knows by name: all profiles, and how they inherit from each other."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from abcd_run import schema
from abcd_run.errors import AbcdRunError, ArtifactError, ProfileError
from abcd_run.host import xdg
from abcd_run.images import inherited, profile
from abcd_run.images.profile import Profile
from abcd_run.images.profile_keys import SHAPE
from abcd_run.model import Kind

LONGEST = 100
"""Most characters in an image's name; file systems allow 255."""

_NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST - 1}}}")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A profile that cannot be used, listed with the reason beside those that can."""

    name: str
    error: AbcdRunError


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The profiles in a list of folders; if two share a name, the first one wins."""

    folders: tuple[Path, ...]

    @classmethod
    def usual(cls, extra: Path | None = None) -> "Catalogue":
        """Return the catalogue of this user."""
        if extra is not None and not extra.is_dir():
            raise ProfileError(f"{extra}: no such folder of profiles", remedy=f"ls -d {extra}")
        return cls(tuple(xdg.profile_folders(extra)))

    def names(self) -> list[str]:
        """Return the names of all images."""
        stems = {path.stem for folder in self.folders for path in folder.glob("*.toml")}
        return sorted(name for name in stems if _NAME.fullmatch(name))

    def path(self, name: str) -> Path | None:
        """Return the file of an image's profile, or None if it has none."""
        if not _NAME.fullmatch(name):
            return None
        paths = (folder / f"{name}.toml" for folder in self.folders)
        return next((path for path in paths if path.is_file()), None)

    def profile(self, name: str, changes: Mapping[str, Any] | None = None) -> Profile:
        """Return an image's profile, with `changes` to it. Raises `ArtifactError` if unknown."""
        path = self.path(name)
        if path is None:
            raise self.unknown(name)
        return self.read(path, changes)

    def read(self, path: Path, changes: Mapping[str, Any] | None = None) -> Profile:
        """Return the profile in a file; look for its parents beside it first, then here."""
        if not path.is_file():
            raise ArtifactError(f"{path}: no such profile", remedy="abcd-run images")
        if "parent" in (changes or {}):
            raise ProfileError(
                "--set parent: an image's parent cannot be changed for one launch",
                remedy="write your own profile with that parent",
            )
        beside = Catalogue((path.parent, *self.folders))
        files = list(beside.lineage(path))
        schema.check(changes or {}, SHAPE, where="--set")
        tables = reduce(
            lambda parent, child: profile.inherit(child, parent),
            [*(tables for _, tables in reversed(files)), changes or {}],
        )
        tables.pop("parent", None)
        return profile.build(
            path.stem,
            tables,
            origin=str(path),
            parents=tuple(ancestor.stem for ancestor, _ in files[1:]),
            recipes=tuple(inherited.recipes(reversed(files))),
        )

    def lineage(self, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield a profile's file and tables, then its parents', up to the root."""
        seen: list[str] = []
        while True:
            tables = profile.load(path)
            yield path, tables
            seen.append(path.stem)
            parent = tables.get("parent")
            if parent is None:
                return
            if parent in seen:
                circle = " → ".join([*seen[seen.index(parent) :], parent])
                raise ProfileError(
                    f"{path}: parent: a cycle: {circle}",
                    remedy=f"change parent in one of {', '.join(seen)}",
                )
            above = self.path(parent)
            if above is None:
                raise ProfileError(
                    f"{path}: parent: no profile {parent!r}, expected the name of another image",
                    remedy=schema.did_you_mean(parent, self.names(), "abcd-run images"),
                )
            path = above

    def all(self) -> list[Profile | Unreadable]:
        """Return every image; unreadable ones come with the reason."""
        return [self._tolerant(name) for name in self.names()]

    def _tolerant(self, name: str) -> Profile | Unreadable:
        try:
            return self.profile(name)
        except AbcdRunError as error:
            return Unreadable(name, error)

    def unknown(self, word: str, *, more: tuple[str, ...] = ()) -> ArtifactError:
        """Return the error for an unknown image, with similar names."""
        names = self.names()
        variants = [profile.variant_name(name, kind) for name in names for kind in Kind]
        return ArtifactError(
            f"no image called {word[:LONGEST]!r}",
            details=f"known images: {', '.join(names) or 'none'}",
            remedy=schema.did_you_mean(word, [*names, *variants, *more], "abcd-run images"),
        )
