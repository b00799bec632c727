"""Show results, errors and progress: as text for people, as JSON for scripts."""
