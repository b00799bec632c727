"""What shells are offered where a word names files, folders or services of images.

Every command imports this module with its options, and a shell's question alone needs the rest.
"""

import os
from collections.abc import Iterator
from itertools import islice

import typer

MOST = 1000
"""Entries of one folder that are offered."""

IMAGES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".iso", ".oci", ".toml")
"""How files end that can be launched."""

KEYBOARDS = (
    "be", "br", "ca", "ch", "ch(fr)", "cz", "de", "dk", "es", "fi", "fr", "fr(bepo)", "gb", "gr",
    "hu", "it", "jp", "nl", "no", "pl", "pt", "ro", "ru", "se", "tr", "ua", "us", "us(intl)",
)  # fmt: skip
"""Usual layouts, by X's names."""


def formats(incomplete: str) -> list[str]:
    """Return the formats of artifacts."""
    from abcd_run.plugins import formats  # noqa: PLC0415  (only for completion)

    return [name for name in formats.known() if name.startswith(incomplete)]


def images(incomplete: str) -> list[tuple[str, str]]:
    """Offer the images of the catalogue with their summaries, the variants, and known families."""
    from abcd_run.images.catalogue import Catalogue, Unreadable  # noqa: PLC0415  (only for completion)
    from abcd_run.oci import kept_families  # noqa: PLC0415
    from abcd_run.visible import visible  # noqa: PLC0415

    listed = Catalogue.usual().all()
    profiles = [one for one in listed if not isinstance(one, Unreadable)]
    words = [(one.name, visible(one.summary)) for one in profiles]
    words += [(variant.name, "") for one in profiles for variant in one.variants]
    words += [(reference, "") for reference in kept_families.names()]
    words += [(path, "") for path in launchable(incomplete)]
    return [one for one in words if one[0].startswith(incomplete)]


def keyboards(incomplete: str) -> list[str]:
    """Return the usual layouts of keyboards, even after a comma."""
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + layout for layout in KEYBOARDS if layout.startswith(last)]


def paths(incomplete: str) -> list[str]:
    """Return files, and the folders on the way to them with a slash; `~` stays as typed."""
    return _paths(incomplete, ("",))


def folders(incomplete: str) -> list[str]:
    """Return folders, with a slash."""
    return _paths(incomplete, ())


def launchable(incomplete: str) -> list[str]:
    """Return the files and folders that can be launched, for a word that looks like a path."""
    return _paths(incomplete, IMAGES) if incomplete.startswith(("/", "./", "../", "~")) else []


def image_or_stick(incomplete: str) -> list[str | tuple[str, str]]:
    """Return images, or for a path the sticks that may be written."""
    if not incomplete.startswith("/"):
        return [*images(incomplete)]
    from abcd_run.session import Session  # noqa: PLC0415

    with Session() as lab:
        sticks = [one.disk for one in lab.disks() if not one.refused]
    return [
        (str(one.device), f"{one.vendor} {one.model}".strip())
        for one in sticks
        if str(one.device).startswith(incomplete)
    ]


def shares(incomplete: str) -> list[str]:
    """Return folders for `DIR[:PATH][:ro]`, and `:ro` behind one."""
    folder, colon, rest = incomplete.partition(":")
    if not colon:
        return folders(folder)
    before, _, last = incomplete.rpartition(":")
    return [f"{before}:ro"] if "ro".startswith(last) and rest != "ro" else []


def services(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return `SERVICE=` for the services of the image, if it stands before, or of all images."""
    # An option without its value ends Typer's reading: the image is still among the words then.
    image = ctx.params.get("image") or next(iter(ctx.args), "")
    return [one for one in services_of(image) if one[0].startswith(incomplete)]


def services_of(image: str) -> list[tuple[str, str]]:
    """Return `SERVICE=` with its port for the services of an image, or of all if none is meant."""
    from abcd_run.images.catalogue import Catalogue  # noqa: PLC0415
    from abcd_run.images.profile import Profile, variant_of  # noqa: PLC0415

    catalogue = Catalogue.usual()
    family = variant_of(image)
    name = image if catalogue.path(image) else family[0] if family else ""
    listed = [one for one in catalogue.all() if isinstance(one, Profile)]
    meant = [one for one in listed if one.name == name] or listed
    known = {service.name: service for one in meant for service in one.services}
    return [(f"{one.name}=", f"port {one.port} inside") for one in known.values()]


def _paths(typed: str, ends: tuple[str, ...]) -> list[str]:
    """Return folders, and files that end so, whose names begin as typed."""
    before, leaf = typed[: typed.rfind("/") + 1], typed[typed.rfind("/") + 1 :]
    whole = os.path.expanduser(before or ".")  # noqa: PTH111  (a Path would drop what was typed)
    try:
        with os.scandir(whole) as entries:
            return sorted(islice(_fitting(entries, before, leaf, ends), MOST))
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
