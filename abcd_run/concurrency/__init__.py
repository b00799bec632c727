"""Threads that can be cancelled, and what they make once for all who ask."""
