"""Write the smallest valid images, for tests of code that reads them."""

import hashlib
import json
import platform
import tarfile
from collections.abc import Iterable
from pathlib import Path

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def write_layout(folder: Path, *, ports: Iterable[str] = (), archive: bool = False) -> Path:
    """Write an OCI layout without layers into a new folder, or `FOLDER.tar`; return its path."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    config = {
        "os": "linux",
        "architecture": MACHINES.get(platform.machine(), platform.machine()),
        "config": {"ExposedPorts": {port: {} for port in ports}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _blob(folder, config, CONFIG),
        "layers": [],
    }
    index = {"schemaVersion": 2, "manifests": [_blob(folder, manifest, MANIFEST)]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    if not archive:
        return folder
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        tar.add(folder, "")
    return path


def _blob(folder: Path, content: object, media_type: str) -> dict[str, object]:
    data = json.dumps(content).encode()
    digest = hashlib.sha256(data).hexdigest()
    (folder / "blobs" / "sha256" / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}
