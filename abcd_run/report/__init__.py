"""How results, errors and progress are shown: as text for people, as JSON for scripts."""
