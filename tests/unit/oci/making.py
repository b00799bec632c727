"""Make images for tests: tars, layouts, OCI archives and docker archives, with the stdlib only."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from abcd_run.oci.model import CONFIG, INDEX, MANIFEST, PLAIN_LAYER, REF_NAME
from abcd_run.oci.reader import open_image
from abcd_run.oci.select import host_architecture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from abcd_run.oci.model import Image

GZIP = partial(gzip.compress, mtime=0)
"""The same bytes whatever the time."""


def entry(name: str, kind: bytes = tarfile.REGTYPE, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, 0o755 if kind == tarfile.DIRTYPE else 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info


@dataclass
class Tar:
    """A layer's tar, written in any order."""

    format: int = tarfile.PAX_FORMAT
    out: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=self.format)  # noqa: SIM115

    def file(self, name: str, data: bytes = b"", **fields: Any) -> Tar:
        info = entry(name, size=len(data), **fields)
        self.tar.addfile(info, io.BytesIO(data))
        return self

    def add(self, name: str, kind: bytes, **fields: Any) -> Tar:
        self.tar.addfile(entry(name, kind, **fields))
        return self

    def folder(self, name: str, **fields: Any) -> Tar:
        return self.add(name, tarfile.DIRTYPE, **fields)

    def link(self, name: str, target: str, **fields: Any) -> Tar:
        return self.add(name, tarfile.SYMTYPE, linkname=target, **fields)

    def hard(self, name: str, target: str, **fields: Any) -> Tar:
        return self.add(name, tarfile.LNKTYPE, linkname=target, **fields)

    def bytes(self) -> bytes:
        self.tar.close()
        return self.out.getvalue()


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass
class Made:
    """The blobs of one image, and their descriptions."""

    blobs: dict[str, bytes]
    manifest: dict[str, Any]
    config: dict[str, Any]
    tars: list[bytes]

    def descriptor(self, ref: str | None = None, **fields: Any) -> dict[str, Any]:
        data = json.dumps(self.manifest).encode()
        self.blobs[sha(data)] = data
        notes = {"annotations": {REF_NAME: ref}} if ref else {}
        return {"mediaType": MANIFEST, "digest": sha(data), "size": len(data), **notes, **fields}


def make(
    *tars: bytes | Tar,
    pack: Any = GZIP,
    suffix: str = "+gzip",
    architecture: str | None = None,
    diff_ids: Sequence[str] | None = None,
    **settings: Any,
) -> Made:
    """Make an image from layers; `settings` are the configuration's `Env`, `Cmd` and so on.

    `diff_ids` are those of layers that `pack` has elsewhere.
    """
    plain = [tar.bytes() if isinstance(tar, Tar) else tar for tar in tars]
    packed = [pack(tar) for tar in plain]
    config = {
        "architecture": architecture or host_architecture(),
        "os": "linux",
        "created": "2024-01-02T03:04:05.123456789Z",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": diff_ids or [sha(tar) for tar in plain]},
    }
    raw = json.dumps(config).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": sha(raw), "size": len(raw)},
        "layers": [
            {"mediaType": PLAIN_LAYER + suffix, "digest": sha(blob), "size": len(blob)}
            for blob in packed
        ],
    }
    return Made({sha(blob): blob for blob in [raw, *packed]}, manifest, config, plain)


def index(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}


def write_layout(folder: Path, made: Sequence[Made], entries: Sequence[dict[str, Any]]) -> Path:
    """Write a layout; call `descriptor` first, since that makes the manifests."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for one in made:
        for digest, data in one.blobs.items():
            (blobs / digest.removeprefix("sha256:")).write_bytes(data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_text(json.dumps(index(entries)))
    return folder


def layout(folder: Path, *tars: bytes | Tar, ref: str = "it:1", **kwargs: Any) -> Path:
    """Write a layout of one image."""
    made = make(*tars, **kwargs)
    return write_layout(folder, [made], [made.descriptor(ref)])


def image(folder: Path, *tars: bytes | Tar, **kwargs: Any) -> Image:
    """Make an image from layers and open it."""
    return open_image(layout(folder, *tars, **kwargs))


def tar_of(folder: Path, file: Path, mode: str = "w") -> Path:
    """Pack a layout into an OCI archive."""
    with tarfile.open(file, mode) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder), recursive=False)
    return file


def docker_archive(file: Path, made: Made, tags: Sequence[str], *, linked: bool = False) -> Path:
    """Write what `docker save` wrote before version 25; `linked` stores layers as links."""
    raw = json.dumps(made.config).encode()
    config_name = f"{sha(raw).removeprefix('sha256:')}.json"
    tar = Tar()
    layers = []
    for number, data in enumerate(made.tars):
        layers.append(f"{number}/layer.tar")
        if linked:
            tar.file(f"{number}.tar", data).link(layers[-1], f"../{number}.tar")
        else:
            tar.file(layers[-1], data)
    listed = [{"Config": config_name, "RepoTags": list(tags), "Layers": layers}]
    tar.file(config_name, raw).file("manifest.json", json.dumps(listed).encode())
    file.write_bytes(tar.bytes())
    return file
