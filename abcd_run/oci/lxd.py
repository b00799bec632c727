"""Convert an image to a unified LXD image: metadata.yaml and rootfs/ in one tar."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.oci import tarformat as tf
from abcd_run.oci import tarwrite
from abcd_run.oci.compress import Compression, compressing
from abcd_run.oci.lxdinit import lxd_init
from abcd_run.oci.rootfs import CHUNK, Rootfs, gathered, scan
from abcd_run.oci.tarwrite import Extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from abcd_run.oci.model import Config, Image

FORMAT = 3  # raise it when the same image would give a different file
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64", "arm": "armv7l", "386": "i686"}
MOUNT_POINTS = {"dev": 0o755, "proc": 0o555, "sys": 0o555, "run": 0o755, "tmp": 0o1777}
INIT = "/sbin/init"
SHELL = "/bin/sh"
SHELLS = frozenset({"sh", "ash", "bash"})


def write_lxd_image(
    image: Image,
    out: Path | IO[bytes],
    *,
    compression: Compression = "auto",
    description: str = "",
    properties: Mapping[str, str] | None = None,
    extras: Iterable[Extra] | None = None,
) -> None:
    """Write the LXD image to a file, which appears only when complete, or to an open one.

    Without `extras` it gets `default_extras`.
    """
    if isinstance(out, Path):
        part = out.with_name(f".{out.name}.part")
        try:
            with part.open("wb") as file:
                write_lxd_image(
                    image,
                    file,
                    compression=compression,
                    description=description,
                    properties=properties,
                    extras=extras,
                )
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        return
    pieces = stream_lxd_image(image, description=description, properties=properties, extras=extras)
    with compressing(out, compression) as writer:
        for piece in pieces:
            writer.write(piece)


def stream_lxd_image(
    image: Image,
    *,
    description: str = "",
    properties: Mapping[str, str] | None = None,
    extras: Iterable[Extra] | None = None,
) -> Iterator[bytes]:
    """Yield the LXD image uncompressed, piece by piece; none of it ever touches the disk."""
    rootfs = scan(image)
    launching = launch_properties(image.config, own_init=brings_init(rootfs))
    rootfs.add(default_extras(rootfs) if extras is None else extras)
    yield from _pieces(rootfs, metadata(image, description, {**launching, **(properties or {})}))


def launch_properties(config: Config, *, own_init: bool) -> dict[str, str]:
    """Return what a launcher needs to know but LXD has no field for; lists are JSON.

    `oci.start` is what to put before a command that replaces the image's own.
    """
    lists = {
        "oci.environment": config.env,
        "oci.ports": config.ports,
        "oci.start": config.entrypoint if own_init else (INIT,),
    }
    texts = {"oci.user": config.user, "oci.folder": config.working_dir}
    return {**texts, **{key: json.dumps(value) for key, value in lists.items() if value}}


def default_extras(rootfs: Rootfs) -> list[Extra]:
    """Return what an image needs for LXD to start it: an init and mount points."""
    extras = [
        Extra(path, kind=tf.DIRECTORY, mode=mode)
        for path, mode in MOUNT_POINTS.items()
        if not rootfs.exists(path)
    ]
    if brings_init(rootfs):
        return extras
    if not rootfs.exists(SHELL):
        raise ArtifactError(
            f"{rootfs.image.source.path}: LXD cannot start it without {INIT} or {SHELL}",
            remedy="use --on podman or --on docker, or an image with a shell",
        )
    return [*extras, *lxd_init(rootfs.image.config)]


def brings_init(rootfs: Rootfs) -> bool:
    """Tell whether to start the image's own init.

    Do not start busybox init in an image made to start something else: Alpine's base image has it,
    with an inittab for an OpenRC that is missing.
    """
    init = rootfs.find(INIT)
    if init is None:
        return False
    config = rootfs.image.config
    command = config.entrypoint + config.cmd
    name = command[0].rpartition("/")[2] if command else "init"
    if name == "init" or (name in SHELLS and len(command) == 1):
        return True
    return init is not rootfs.find("/bin/busybox") or rootfs.exists("/sbin/openrc")


def metadata(image: Image, description: str, properties: Mapping[str, str]) -> bytes:
    """Return metadata.yaml, in the subset of YAML that is JSON."""
    config = image.config
    machine = ARCHITECTURES.get(config.architecture, config.architecture)
    names = {
        "description": description or f"{image.reference or image.digest} (from an OCI image)",
        "os": config.labels.get("org.opencontainers.image.title", "abcd"),
        "architecture": machine,
        "oci.digest": image.digest,
        "oci.config": image.config_digest,
        "oci.reference": image.reference or "",
        **properties,
    }
    top = {
        "architecture": machine,
        "creation_date": _seconds(config),
        "properties": {key: value for key, value in names.items() if value},
    }
    return json.dumps(top, indent=1).encode() + b"\n"


def _pieces(rootfs: Rootfs, yaml: bytes) -> Iterator[bytes]:
    def all_records() -> Iterator[bytes | memoryview]:
        yield tarwrite.file("metadata.yaml", yaml)
        yield from rootfs.records("rootfs/")
        yield tf.END

    return gathered(all_records(), CHUNK)


def _seconds(config: Config) -> int:
    """Return when the image was made, in seconds since 1970; 1 if unknown, for LXD."""
    try:
        return max(1, int(datetime.fromisoformat(config.created).timestamp()))
    except (ValueError, OverflowError):
        return 1
