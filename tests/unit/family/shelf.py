"""What is published in tests, where, and what skopeo was told."""

from pathlib import Path

REFERENCE = "127.0.0.1:5000/family/web:1"
PROFILE = """
summary = "An image for tests"
user = "abcd"
[abcdic]
archive = "{folder}/ic"
[abcdik]
archive = "{folder}/ik"
[services.web]
port = 8080
protocol = "http"
open = true
[ready]
timeout = 20
[on.fake]
flavour = "sweet"
turbo = true
"""


def asked(shelf: Path) -> list[str]:
    """Return what skopeo was told to do."""
    log = shelf / "log"
    return log.read_text().splitlines() if log.exists() else []
