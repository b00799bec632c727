"""The kit for backends: what all runtimes share, ours and third parties' (docs/kit.md)."""
