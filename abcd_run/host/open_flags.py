"""Flags for `os.open` that not every system has; where one is missing, it is 0 and does nothing.

Python itself keeps descriptors from programs that it starts: O_CLOEXEC is not needed.
"""

import os

NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
"""Refuse a symbolic link."""

DIRECTORY: int = getattr(os, "O_DIRECTORY", 0)
"""Refuse what is no folder."""

UNBLOCKED: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Do not wait for the other end of a pipe, and take no terminal over."""

BINARY: int = getattr(os, "O_BINARY", 0)
"""Leave the ends of lines alone: Windows changes them otherwise."""
