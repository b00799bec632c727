"""Show an instance's screen or page to its user, and its password to nobody else."""
