"""Threads that can be cancelled, and values that they compute once for all callers."""
