"""Parse manifests, indexes and configurations: untrusted JSON, into values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from abcd_run import variables
from abcd_run.errors import ArtifactError
from abcd_run.limits import JSON_BYTES, JSON_DEPTH, JSON_VALUES, LAYERS
from abcd_run.oci.model import Config, Descriptor, Layer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def document(data: bytes, path: Path, what: str) -> dict[str, Any]:
    """Parse one JSON object; ArtifactError if it is not one, or is too large or too deep."""
    value = value_of(data, path, what)
    if not isinstance(value, dict):
        raise ArtifactError(f"{path}: {what} is not a JSON object")
    return value


def value_of(data: bytes, path: Path, what: str) -> Any:
    """Parse one JSON value; ArtifactError if it is not one, or is too large or too deep."""
    # This counts commas in strings too, but no honest document comes near the limit.
    if len(data) > JSON_BYTES or sum(map(data.count, (b",", b"[", b"{"))) > JSON_VALUES:
        raise ArtifactError(f"{path}: {what} is too large")
    try:
        value = json.loads(data)
        # What is not valid text can neither be printed nor given to an engine.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path}: {what} is not JSON", details=escaped(str(error))) from error
    _refuse_deep(value, path, what)
    return value


def _refuse_deep(value: object, path: Path, what: str) -> None:
    level = [value]
    for _ in range(JSON_DEPTH):
        level = [item for one in level for item in _inside(one)]
        if not level:
            return
    raise ArtifactError(f"{path}: {what} is nested more than {JSON_DEPTH} levels deep")


def _inside(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def escaped(text: str) -> str:
    """Escape the characters of untrusted text that a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def descriptor(value: object, path: Path) -> Descriptor:
    """Read a descriptor."""
    fields = value if isinstance(value, dict) else {}
    digest, size = fields.get("digest"), fields.get("size")
    if not isinstance(digest, str) or type(size) is not int or size < 0:
        raise ArtifactError(f"{path}: malformed descriptor", details=repr(value)[:200])
    media_type = _text(fields.get("mediaType"))
    return Descriptor(
        media_type,
        digest,
        size,
        annotations=_strings(fields.get("annotations")),
        platform=_strings(fields.get("platform")),
    )


def descriptors(value: object, path: Path) -> tuple[Descriptor, ...]:
    """Read a list of descriptors."""
    if not isinstance(value, list):
        raise ArtifactError(f"{path}: a list of descriptors is missing")
    return tuple(descriptor(item, path) for item in value)


def config(data: bytes, path: Path, name: str | None = None) -> Config:
    """Read an image configuration; errors use the image's name if it has one."""
    top = document(data, path, "the image configuration")
    inner, rootfs = _mapping(top.get("config")), _mapping(top.get("rootfs"))
    env = _texts(inner.get("Env"))
    variables.of_image(env, name or str(path))
    return Config(
        architecture=_text(top.get("architecture")),
        os=_text(top.get("os")),
        created=_text(top.get("created")),
        env=env,
        entrypoint=_texts(inner.get("Entrypoint")),
        cmd=_texts(inner.get("Cmd")),
        user=_text(inner.get("User")),
        working_dir=_text(inner.get("WorkingDir")),
        ports=tuple(_mapping(inner.get("ExposedPorts"))),
        stop_signal=_text(inner.get("StopSignal")),
        labels=_strings(inner.get("Labels")),
        diff_ids=_texts(rootfs.get("diff_ids")),
    )


def layers(
    blobs: tuple[Descriptor, ...], diff_ids: tuple[str, ...], path: Path
) -> tuple[Layer, ...]:
    """Pair layers with their diff IDs."""
    if len(blobs) > LAYERS:
        raise ArtifactError(f"{path}: {len(blobs)} layers, more than {LAYERS}")
    if len(blobs) != len(diff_ids):
        raise ArtifactError(
            f"{path}: not a container image",
            details=f"{len(blobs)} layers, but {len(diff_ids)} diff_ids in the configuration",
            remedy="use an image that podman or docker can run",
        )
    return tuple(Layer(blob, diff_id) for blob, diff_id in zip(blobs, diff_ids, strict=True))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _strings(value: object) -> dict[str, str]:
    return {key: item for key, item in _mapping(value).items() if isinstance(item, str)}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
