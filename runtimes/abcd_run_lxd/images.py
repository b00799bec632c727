"""Images in LXD's store, identified by an alias with the digest of the image they came from."""

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
"""How many hexadecimal digits of a digest an alias contains."""

SAME = "same fingerprint already exists"
"""LXD's error for an image that it already has; a fingerprint is the SHA-256 of its bytes."""

INIT = "/sbin/init"
OCI = "oci."
OWNER = "abcd-run.owner"
"""The image property with the uid of the user who imported the image."""

AGAIN = "remove it with `lxc image delete`; abcd-run then makes it again"
Stream = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Image:
    """How an image that came from OCI is launched.

    The user's own command is appended to `start`.
    """

    environment: Mapping[str, str]
    ports: tuple[str, ...] = ()
    start: tuple[str, ...] = (INIT,)


UNKNOWN = Image(environment={})


def provided(client: Client, artifact: Artifact, *, say: Say) -> str:
    """Return the fingerprint of an artifact's image; convert and import it if it is missing."""
    if artifact.stream is None or not artifact.id:
        raise ArtifactError(f"lxd cannot use {artifact.name} as an image")
    alias = alias_of(artifact)
    if digest := fingerprint(client, alias):
        return digest

    def waiting(_: Path) -> None:
        say(f"waiting for another launch to convert {artifact.name}")

    # Nothing is written there: only the lock is needed.
    with part_of(xdg.cache() / "lxd" / alias, waiting=waiting):
        if digest := fingerprint(client, alias):
            return digest
        digest = _imported(client, artifact, artifact.stream, say)
        _name(client, alias, digest)
    return digest


def alias_of(artifact: Artifact) -> str:
    """Return an artifact's alias in LXD: a readable name, and a digest that makes it unique."""
    stem = artifact.name.rpartition("/")[2].partition(":")[0].partition("@")[0]
    words = ["abcd-run", re.sub(r"[^a-z0-9]+", "-", stem.lower())]
    return "-".join([*words, artifact.id.rpartition(":")[2][:DIGITS]]).strip("-")


def fingerprint(client: Client, alias: str) -> str:
    """Return the fingerprint of the image with an alias; empty if there is none."""
    try:
        answer = client.api.images.aliases[alias].get()
    except NotFound:
        return ""
    return str(answer.json()["metadata"]["target"])


def described(client: Client, digest: str) -> Image:
    """Return what an image's properties say about its launch."""
    properties = client.api.images[digest].get().json()["metadata"]["properties"] or {}
    return from_properties(properties, properties.get("description") or digest)


def from_properties(properties: Mapping[str, str], image: str) -> Image:
    """Read the properties that the conversion wrote; other images have none of them.

    Any user of LXD may have imported the image with other properties. Raises `ArtifactError`.
    """
    for key, value in properties.items():
        if key.startswith(OCI) and not variables.is_one_line(value):
            raise ArtifactError(f"{image}: {key} contains line breaks", remedy=AGAIN)
    environment = variables.of_image(_listed(properties, "oci.environment", image), image)
    for key, value in environment.items():
        if not variables.is_one_line(value):
            raise ArtifactError(
                f"{image}: lxd cannot pass its variable {key}, which spans several lines",
                remedy="--on podman or --on docker",
            )
    return Image(
        environment=environment,
        ports=tuple(_listed(properties, "oci.ports", image)),
        start=tuple(_listed(properties, "oci.start", image)) or (INIT,),
    )


def _listed(properties: Mapping[str, str], key: str, image: str) -> list[str]:
    try:
        words = json.loads(properties.get(key) or "[]")
    except (ValueError, RecursionError):
        words = None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return words
    raise ArtifactError(f"{image}: {key} is not a list of words", remedy=AGAIN)


def prune(client: Client) -> None:
    """Remove this user's images that newer ones have replaced; instances keep their own files.

    All members of LXD's group share one store: images of other users, or of unknown owners, stay.
    """
    images = client.api.images.get(params={"recursion": 1}).json()["metadata"] or []
    mine = (facts for facts in images if _is_mine(facts))
    known = sorted((_stem(facts), facts["uploaded_at"], facts["fingerprint"]) for facts in mine)
    for stem, group in groupby(known, key=lambda row: row[0]):
        *old, _newest = group
        for _, _, digest in old if stem else ():
            operations.done(client, client.api.images[digest].delete())


def _is_mine(facts: Mapping[str, Any]) -> bool:
    return (facts["properties"] or {}).get(OWNER) == str(os.getuid())


def _stem(facts: Mapping[str, Any]) -> str:
    """Return an image's alias without its digest; empty if the image is not ours."""
    names = [alias["name"] for alias in facts["aliases"] or []]
    stems = (name.rpartition("-")[0] for name in names if name.startswith("abcd-run-"))
    return next(stems, "") if IMAGE_ID in (facts["properties"] or {}) else ""


def _imported(client: Client, artifact: Artifact, stream: Stream, say: Say) -> str:
    pieces = _reported(stream(), f"converting {artifact.name} for lxd", say)
    # Beside the file, not in it: the same image is the same file for every user.
    headers = {"X-LXD-properties": urlencode({OWNER: os.getuid()})}
    try:
        answer = client.api.images.post(data=pieces, headers=headers, timeout=operations.SECONDS)
        return str(operations.done(client, answer)["fingerprint"])
    except LXDAPIException as error:
        if SAME not in str(error):
            raise
    # LXD has it, byte for byte: a launch was killed before it named the image. Do not search by
    # properties: anybody could have written what an image claims to come from.
    digest = hashlib.sha256()
    for piece in stream():
        digest.update(piece)
    return digest.hexdigest()


def _reported(pieces: Iterator[bytes], doing: str, say: Say) -> Iterator[bytes]:
    """Pass pieces through and report progress; reporting also notices Ctrl-C."""
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
