"""Write tar records: small synthetic ones, and layer entries under another name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abcd_run.oci import tarformat as tf

if TYPE_CHECKING:
    from abcd_run.oci.tarread import Entry

PATH_KEYS = frozenset({"path", "linkpath", "GNU.sparse.name"})


@dataclass(frozen=True, slots=True)
class Extra:
    """A small entry to add; `kind` is a letter of tarformat, `data` a regular file's content."""

    path: str
    data: bytes = b""
    mode: int = 0o644
    kind: str = tf.REGULAR
    link: str = ""
    uid: int = 0
    gid: int = 0
    mtime: int = 0


def header(extra: Extra, size: int) -> bytes:
    """Make the header block of an entry with `size` bytes of data, without long names."""
    block = bytearray(tf.BLOCK)
    block[100:124] = tf.octal(extra.mode, 8) + tf.octal(extra.uid, 8) + tf.octal(extra.gid, 8)
    block[124:148] = tf.octal(size, 12) + tf.octal(extra.mtime, 12)
    block[156] = ord(extra.kind)
    block[257:265] = b"ustar\x0000"
    return bytes(block)


def record(
    block: bytes, name: str, *, link: str = "", pax: dict[str, bytes] | None = None
) -> bytes:
    """Put the names into a header block, with a pax header in front if they are long."""
    records = {key: value for key, value in (pax or {}).items() if key not in PATH_KEYS}
    raw_name, raw_link = _bytes(name), _bytes(link)
    if "GNU.sparse.name" in (pax or {}):
        records["GNU.sparse.name"] = raw_name
    if len(raw_name) > tf.NAME_SIZE:
        records["path"] = raw_name
    if len(raw_link) > tf.NAME_SIZE:
        records["linkpath"] = raw_link
    named = _named(block[: tf.BLOCK], raw_name, raw_link) + block[tf.BLOCK :]
    return _extension(records) + named if records else named


def file(name: str, data: bytes, *, mtime: int = 0) -> bytes:
    """Make a complete regular file, including data and padding."""
    block = header(Extra(name, mtime=mtime), len(data))
    return record(block, name) + data + bytes(tf.padding(len(data)))


def renamed(entry: Entry, name: str) -> bytes:
    """Make an entry's record under another name; its attributes stay as they were written.

    Kind and size are rewritten: a reader that read them differently would take content for entries.
    Records about other entries are dropped for the same reason.
    """
    block = bytearray(entry.header)
    block[124:136] = tf.octal(entry.size, 12)
    block[156] = ord(entry.kind)
    pax = {key: value for key, value in entry.pax.items() if _belongs_to(entry, key)}
    link = entry.link if entry.kind == tf.SYMLINK else ""
    return record(bytes(block), name, link=link, pax=pax)


def _belongs_to(entry: Entry, key: str) -> bool:
    if key.startswith("GNU."):
        return entry.kind not in tf.DATALESS and key.startswith("GNU.sparse.")
    return key != "size"


def hard_link(entry: Entry, name: str, target: str) -> bytes:
    """Make another name for an entry that was written as `target`."""
    block = bytearray(entry.header[: tf.BLOCK])
    block[124:136] = tf.octal(0, 12)
    block[156] = ord(tf.HARDLINK)
    block[257:] = b"ustar\x0000" + bytes(tf.BLOCK - 265)
    return record(bytes(block), name, link=target)


def _named(block: bytes, name: bytes, link: bytes) -> bytes:
    head = bytearray(block)
    head[:100] = name[:100].ljust(100, b"\0")
    head[157:257] = link[:100].ljust(100, b"\0")
    if head[257:263] == b"ustar\0":
        end = tf.prefix_end(block)
        head[345:end] = bytes(end - 345)
    return tf.seal(head)


def _extension(records: dict[str, bytes]) -> bytes:
    data = b"".join(tf.pax_record(key, value) for key, value in records.items())
    block = bytearray(header(Extra("", kind="x"), len(data)))
    block[:8] = b"PaxHeader"[:8]
    return tf.seal(block) + data + bytes(tf.padding(len(data)))


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
