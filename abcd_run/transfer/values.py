"""What a copy is about and what it did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: `bytes` of `files`; folders and links count as no file.

    `left_out` are what no copy can have (devices, pipes and sockets), at most 1000 of them.
    """

    files: int = 0
    bytes: int = 0
    left_out: tuple[str, ...] = ()

    def __add__(self, other: "Copied") -> "Copied":
        """Return both copies as one."""
        left_out = self.left_out + other.left_out
        return Copied(self.files + other.files, self.bytes + other.bytes, left_out)
