"""The kit of backends: what runtimes have in common, ours and those of others (docs/kit.md)."""
