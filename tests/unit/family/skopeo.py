"""A skopeo for unit tests, whose registry is a folder: FAKE_REGISTRY.

It keeps blobs by digest and tags in tags.json, writes each of its command lines to `log`, and fails
with the text in `refusal` if there is one.
"""

import hashlib
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

REGISTRY = Path(os.environ.get("FAKE_REGISTRY", "/nonexistent"))
BLOBS = REGISTRY / "blobs" / "sha256"


def main(words: list[str]) -> None:
    with (REGISTRY / "log").open("a") as log:
        log.write(" ".join(words) + "\n")
    if (REGISTRY / "refusal").exists():
        sys.exit((REGISTRY / "refusal").read_text())
    if "inspect" in words:
        sys.stdout.buffer.write(_named(words[-1]))
    else:
        _copy(words)


def _named(address: str) -> bytes:
    reference = address.removeprefix("docker://")
    digest = reference.partition("@")[2] or _tagged().get(reference, "")
    if not digest or not _blob(digest).exists():
        sys.exit(f'level=fatal msg="reading manifest in {reference}: manifest unknown"')
    return _blob(digest).read_bytes()


def _copy(words: list[str]) -> None:
    source, target = words[-2:]
    if source.startswith("docker://"):
        shared = Path(words[words.index("--dest-shared-blob-dir") + 1]) / "sha256"
        _fetch(source, Path(target.split(":")[1]), shared)
        return
    layout = Path(source.removeprefix("oci:"))
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    Path(words[words.index("--digestfile") + 1]).write_text(entry["digest"])
    kind, _, place = target.partition(":")
    if kind == "docker":
        _push(layout, place.removeprefix("//"), entry["digest"])
    elif kind == "oci":
        shutil.copytree(layout, place)
    else:
        with tarfile.open(place, "w") as tar:
            tar.add(layout, "")


def _fetch(address: str, folder: Path, shared: Path) -> None:
    manifest = _named(address)
    document = json.loads(manifest)
    shared.mkdir(parents=True, exist_ok=True)
    for blob in (document["config"], *document["layers"]):
        data = _blob(blob["digest"]).read_bytes()
        if _sha(data) != blob["digest"]:
            wrong = f"Digest did not match, expected {blob['digest']}, got {_sha(data)}"
            sys.exit(f'level=fatal msg="writing blob: {wrong}"')
        (shared / blob["digest"][7:]).write_bytes(data)
    (shared / _sha(manifest)[7:]).write_bytes(manifest)
    entry = {"mediaType": document["mediaType"], "digest": _sha(manifest), "size": len(manifest)}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


def _push(layout: Path, reference: str, digest: str) -> None:
    BLOBS.mkdir(parents=True, exist_ok=True)
    for blob in sorted((layout / "blobs" / "sha256").iterdir()):
        there, data = (BLOBS / blob.name).exists(), blob.read_bytes()
        if _sha(data) != f"sha256:{blob.name}":
            wrong = f"Digest did not match, expected sha256:{blob.name}, got {_sha(data)}"
            sys.exit(f'level=fatal msg="writing blob: {wrong}"')
        said = (
            "Skipping blob sha256:{} (already present):"
            if there
            else "Upload of layer sha256:{} complete"
        )
        sys.stdout.write(f'level=debug msg="{said.format(blob.name)}"\n')
        shutil.copy(blob, BLOBS / blob.name)
    (REGISTRY / "tags.json").write_text(json.dumps({**_tagged(), reference: digest}))


def _tagged() -> dict[str, str]:
    tags = REGISTRY / "tags.json"
    read: dict[str, str] = json.loads(tags.read_text()) if tags.exists() else {}
    return read


def _blob(digest: str) -> Path:
    return BLOBS / digest.removeprefix("sha256:")


def _sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


if __name__ == "__main__":
    main(sys.argv[1:])
