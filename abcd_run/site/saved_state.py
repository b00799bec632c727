"""The machine of a site as it waits for its page: a tab starts from there instead of booting."""

from pathlib import Path

from abcd_run.host import programs
from abcd_run.runtime import Say

SCRIPT = Path(__file__).with_suffix(".mjs")


def save(site: Path, out: Path, *, say: Say) -> None:
    """Boot a site's machine in node and write its state, compressed. Raises `ArtifactError`."""
    from zstandard import ZstdCompressor  # noqa: PLC0415  (only a site's maker needs it)

    say("booting it once")
    raw = out.with_name("raw-state")
    programs.run(["node", str(SCRIPT), str(site), str(raw)], doing="booting it once", say=say)
    say("compressing its state")
    with raw.open("rb") as source, out.open("wb") as target:
        # As many threads as there are: they change the time that it takes, not the bytes.
        ZstdCompressor(level=15, threads=-1, write_content_size=True).copy_stream(
            source, target, size=raw.stat().st_size
        )
    raw.unlink()
