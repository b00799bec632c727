"""Limits on untrusted input: the single budget of bytes, entries, depth and time.

Images, profiles, guests, servers and other users of the host are hostile until checked. Code that
reads their data takes its limit from here, and names what exceeds it when it refuses.
"""

MIB, GIB = 1 << 20, 1 << 30

TEXT_BYTES = MIB
"""Of any text: a profile, a file of an ISO, a line of an engine, a log's line, a boot menu."""

JSON_BYTES = 8 * MIB
"""Of one JSON document: an index, a manifest, an image's configuration."""

JSON_DEPTH = 64
"""How deep lists and objects of one JSON document may nest."""

JSON_VALUES = 200_000
"""Values in one JSON document: 8 MiB of empty lists alone would take 200 MiB of memory."""

DOCUMENTS = 1_000
"""How many indexes of one image may be read, including nested ones."""

DOCUMENT_BYTES = 32 * MIB
"""Of all indexes of one image together."""

LAYERS = 512
"""Of one image; engines stop at about 125."""

PORTS = 256
"""Ports of one image that become services automatically."""

IMAGE_ENTRIES = 1_000_000
"""Entries of all layers of an image, and folders that only other entries' names imply."""

IMAGE_BYTES = 256 * GIB
"""Bytes of all layers of an image as tar, and of a compressed archive once unpacked."""

EXPANSION, EXPANSION_FREE = 100, 2 * GIB
"""How many times its own size compressed or sparse input may grow, beyond a free allowance."""

TREE_BYTES = 352 * MIB
"""Estimated memory for the names and folders of all layers of an image."""

TREE_DEPTH = 256
"""Nested folders."""

TREE_STEPS = 20_000_000
"""Path components followed while layers are merged, including those of symbolic links."""

EXTENSIONS, EXTENSION_BYTES = 16, MIB
"""Extension headers (pax records, long names) before there must be an entry."""

TRAILING_BYTES = 64 * MIB
"""What may follow the end of a tar."""

ARCHIVE_ENTRIES, ARCHIVE_NAMES = 100_000, 64 * MIB
"""Members of an archive of blobs, and the memory for their names."""

ZSTD_WINDOW = 32 * MIB
"""Memory for each zstd stream; two may be open at once."""

BOOT_FILE_BYTES = 2 * GIB
"""Of a kernel or an initrd that is copied out of an image."""

RESERVED_BYTES = 256 * MIB
"""What must stay free on a disk while input of unknown length is written to it."""

PICTURE_BYTES = 32 * MIB
"""Of one screenshot of an instance."""

DOWNLOAD_BYTES = 64 * GIB
"""Of one download of unknown length."""

COPY_BYTES = 64 * GIB
"""Of all that one `cp` brings out of an instance, unless its user asks for more."""

COPY_ENTRIES = IMAGE_ENTRIES
"""Files, folders and links of one `cp`."""

COPY_LEFT_OUT = 1000
"""How many names that `cp` has left out are kept."""

COPY_SECONDS, COPY_LEAST = 120, 64 * 1024
"""In each such time, an instance must send or take at least so many bytes of a copy."""

ISO_STEPS = 2_000_000
"""Of an ISO: its directories' blocks (16 each), records (4) and their fields; 70,000 files fit."""

ISO_DEPTH = 64
"""How deep folders of an ISO may nest."""

ISO_TEXT_BYTES = 8 * MIB
"""Of all texts of one ISO together."""

KERNEL_LINE = 4096
"""Characters of a kernel's arguments; Linux itself accepts no more."""

CONNECTIONS = 64
"""Simultaneous connections to a page that we serve on loopback."""

TABS = 32
"""Of these, how many may carry a screen to a browser's tab: the rest is for the pages."""

ANSWER_BYTES = MIB
"""Of a guest service's answer before its status is known, and of a browser's request."""

SITE_FILE_BYTES = 256 * MIB
"""Of one file in the root of a browser's variant: a tab reads files whole."""
