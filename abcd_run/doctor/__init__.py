"""What this host can do, what is missing, and what fixes it."""
