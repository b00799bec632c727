"""Images in LXD's store: found by an alias that holds the digest of what they were made from."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pylxd import Client
from pylxd.exceptions import LXDAPIException, NotFound

from abcd_run import variables
from abcd_run.backend.record import IMAGE_ID
from abcd_run.errors import ArtifactError
from abcd_run.host import xdg
from abcd_run.host.part_file import part_of
from abcd_run.model import Artifact
from abcd_run.runtime import Say
from abcd_run.units import format_size
from abcd_run_lxd import operations

DIGITS = 16
"""How much of a digest stands in an alias, in hexadecimal digits."""

SAME = "same fingerprint already exists"
"""What LXD says of an image that it has; its fingerprint is the SHA-256 of its bytes."""

INIT = "/sbin/init"
OCI = "oci."
OWNER = "abcd-run.owner"
"""The property of an image that holds the uid of who brought it here."""

AGAIN = "remove it with `lxc image delete`; abcd-run then makes it again"
Stream = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Image:
    """What an image from OCI says of how it is launched.

    A command of the user's is appended to `start`.
    """

    environment: Mapping[str, str]
    ports: tuple[str, ...] = ()
    start: tuple[str, ...] = (INIT,)


UNKNOWN = Image(environment={})


def provided(client: Client, artifact: Artifact, *, say: Say) -> str:
    """Return the fingerprint of an artifact's image, converted and imported unless it is there."""
    if artifact.stream is None or not artifact.id:
        raise ArtifactError(f"lxd cannot use {artifact.name} as an image")
    alias = alias_of(artifact)
    if digest := fingerprint(client, alias):
        return digest

    def waiting(_: Path) -> None:
        say(f"waiting for another launch to convert {artifact.name}")

    # Nothing is written there: it is the lock that is wanted.
    with part_of(xdg.cache() / "lxd" / alias, waiting=waiting):
        if digest := fingerprint(client, alias):
            return digest
        digest = _imported(client, artifact, artifact.stream, say)
        _name(client, alias, digest)
    return digest


def alias_of(artifact: Artifact) -> str:
    """Return what LXD calls an artifact: a name for people, and a digest that makes it sure."""
    stem = artifact.name.rpartition("/")[2].partition(":")[0].partition("@")[0]
    words = ["abcd-run", re.sub(r"[^a-z0-9]+", "-", stem.lower())]
    return "-".join([*words, artifact.id.rpartition(":")[2][:DIGITS]]).strip("-")


def fingerprint(client: Client, alias: str) -> str:
    """Return the fingerprint of the image that an alias names, empty if there is none."""
    try:
        answer = client.api.images.aliases[alias].get()
    except NotFound:
        return ""
    return str(answer.json()["metadata"]["target"])


def described(client: Client, digest: str) -> Image:
    """Return what an image's properties say."""
    told = client.api.images[digest].get().json()["metadata"]["properties"] or {}
    return from_properties(told, told.get("description") or digest)


def from_properties(told: Mapping[str, str], image: str) -> Image:
    """Read the properties that the conversion wrote; other images have none of them.

    Whoever may use LXD may have imported the image with others. Raises `ArtifactError`.
    """
    for key, value in told.items():
        if key.startswith(OCI) and not variables.is_one_line(value):
            raise ArtifactError(f"{image}: {key} contains line breaks", remedy=AGAIN)
    environment = variables.of_image(_listed(told, "oci.environment", image), image)
    for key, value in environment.items():
        if not variables.is_one_line(value):
            raise ArtifactError(
                f"{image}: lxd cannot pass its variable {key}, which spans several lines",
                remedy="--on podman or --on docker",
            )
    return Image(
        environment=environment,
        ports=tuple(_listed(told, "oci.ports", image)),
        start=tuple(_listed(told, "oci.start", image)) or (INIT,),
    )


def _listed(told: Mapping[str, str], key: str, image: str) -> list[str]:
    try:
        words = json.loads(told.get(key) or "[]")
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    raise ArtifactError(f"{image}: {key} is not a list of words", remedy=AGAIN)


def prune(client: Client) -> None:
    """Remove this user's images that were made anew since; instances keep what they are made of.

    All members of LXD's group have one store: another's image is left alone, and one of which
    nobody knows whose it is.
    """
    images = client.api.images.get(params={"recursion": 1}).json()["metadata"] or []
    mine = (one for one in images if _is_mine(one))
    known = sorted((_stem(one), one["uploaded_at"], one["fingerprint"]) for one in mine)
    for stem, group in groupby(known, key=lambda one: one[0]):
        *old, _newest = group
        for _, _, digest in old if stem else ():
            operations.done(client, client.api.images[digest].delete())


def _is_mine(facts: Mapping[str, Any]) -> bool:
    return (facts["properties"] or {}).get(OWNER) == str(os.getuid())


def _stem(facts: Mapping[str, Any]) -> str:
    """Return the alias of an image without its digest, empty if it is none of ours."""
    names = [alias["name"] for alias in facts["aliases"] or []]
    stems = (name.rpartition("-")[0] for name in names if name.startswith("abcd-run-"))
    return next(stems, "") if IMAGE_ID in (facts["properties"] or {}) else ""


def _imported(client: Client, artifact: Artifact, stream: Stream, say: Say) -> str:
    pieces = _told(stream(), f"converting {artifact.name} for lxd", say)
    # Beside the file and not in it: the same image is the same file for everybody.
    headers = {"X-LXD-properties": urlencode({OWNER: os.getuid()})}
    try:
        answer = client.api.images.post(data=pieces, headers=headers, timeout=operations.SECONDS)
        return str(operations.done(client, answer)["fingerprint"])
    except LXDAPIException as error:
        if SAME not in str(error):
            raise
    # It is there, byte for byte: a launch was killed before it gave the image its name. What an
    # image's properties say of what it was made from is anybody's word, so they find none.
    digest = hashlib.sha256()
    for piece in stream():
        digest.update(piece)
    return digest.hexdigest()


def _told(pieces: Iterator[bytes], doing: str, say: Say) -> Iterator[bytes]:
    """Pass pieces through and tell how far it is; telling also notices a Ctrl-C."""
    size = 0
    for piece in pieces:
        say(f"{doing}: {format_size(size)}" if size else doing)
        size += len(piece)
        yield piece
    say(f"{doing}: LXD is unpacking {format_size(size)}")


def _name(client: Client, alias: str, digest: str) -> None:
    try:
        client.api.images.aliases.post(json={"name": alias, "target": digest})
    except LXDAPIException as error:
        if "already exists" not in str(error):
            raise
