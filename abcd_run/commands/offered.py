"""What shells are offered where a word names files, folders or services of images."""

import os
from collections.abc import Iterator
from itertools import islice

from abcd_run.images.catalogue import Catalogue
from abcd_run.images.profile import Profile, variant_of

MOST = 1000
"""Entries of one folder that are offered."""

IMAGES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".iso", ".oci", ".toml")
"""How files end that can be launched."""


def paths(typed: str, *, ends: tuple[str, ...] = ("",), folders: bool = False) -> list[str]:
    """Return the paths that begin as typed: folders with a slash, and files that end so.

    With `folders`, no files. `~` stays as it was typed.
    """
    before, leaf = typed[: typed.rfind("/") + 1], typed[typed.rfind("/") + 1 :]
    whole = os.path.expanduser(before or ".")  # noqa: PTH111  (a Path would drop what was typed)
    try:
        with os.scandir(whole) as entries:
            return sorted(islice(_fitting(entries, before, leaf, () if folders else ends), MOST))
    except (OSError, ValueError):  # there is no such folder
        return []


def _fitting(
    entries: Iterator[os.DirEntry[str]], before: str, leaf: str, ends: tuple[str, ...]
) -> Iterator[str]:
    for one in entries:
        hidden = one.name.startswith(".") and not leaf.startswith(".")
        # A line break in a name would be two names to the shell.
        if hidden or not one.name.startswith(leaf) or not one.name.isprintable():
            continue
        if one.is_dir():
            yield f"{before}{one.name}/"
        elif one.name.endswith(ends):
            yield before + one.name


def shares(typed: str) -> list[str]:
    """Return folders for `DIR[:PATH][:ro]`, and `:ro` behind one."""
    folder, colon, rest = typed.partition(":")
    if not colon:
        return paths(folder, folders=True)
    before, _, last = typed.rpartition(":")
    return [f"{before}:ro"] if "ro".startswith(last) and rest != "ro" else []


def launchable(typed: str) -> list[str]:
    """Return the files and folders that can be launched, for a word that looks like a path."""
    return paths(typed, ends=IMAGES) if typed.startswith(("/", "./", "../", "~")) else []


def services(typed: str, image: str) -> list[tuple[str, str]]:
    """Return `SERVICE=` with its port for the services of an image, or of all if none is named."""
    catalogue = Catalogue.usual()
    family = variant_of(image)
    name = image if catalogue.path(image) else family[0] if family else ""
    listed = [one for one in catalogue.all() if isinstance(one, Profile)]
    meant = [one for one in listed if one.name == name] or listed
    known = {service.name: service for one in meant for service in one.services}
    offered = [(f"{one.name}=", f"port {one.port} inside") for one in known.values()]
    return [one for one in offered if one[0].startswith(typed)]
