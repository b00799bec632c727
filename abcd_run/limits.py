"""What may be read of somebody else's: the one budget of bytes, entries, depth and time.

Images, profiles, guests, servers and other users of the host are hostile until checked. Whoever
reads what they say takes a bound from here, and refuses by name what goes beyond it.
"""

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

TEXT_BYTES = MIB
"""Of any text: a profile, a file of an ISO, a line of an engine, a log's line, a boot menu."""

JSON_BYTES = 8 * MIB
"""Of one JSON document: an index, a manifest, an image's configuration."""

JSON_DEPTH = 64
"""How deep lists and objects of one JSON document may lie in each other."""

DOCUMENTS = 1_000
"""How many JSON documents one image may have read, those of nested indexes together."""

IMAGE_ENTRIES = 4_000_000
"""Entries of all layers of an image."""

IMAGE_BYTES = 256 * GIB
"""Bytes of all layers of an image as tar, and of a compressed archive when it is unpacked."""

HEADER_BYTES = 256 * MIB
"""Of all extension headers (pax records, long names) that are kept of one image."""

EXTENSIONS = 16
"""Extension headers in a row before there must be an entry."""

PICTURE_BYTES = 32 * MIB
"""Of one picture of an instance's screen."""

DOWNLOAD_BYTES = 64 * GIB
"""Of one download of which nobody said how long it is."""
