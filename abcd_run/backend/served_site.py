"""Sites in the cache that an instance's server reads from: `prune` leaves them alone."""

from pathlib import Path


def lock_of(site: Path) -> Path:
    """Return the file that a site's servers hold a shared lock on; it lies beside the site."""
    return site.with_name(f"{site.name}.served")
