"""Show an instance's screen or page to its user without revealing its password to others."""
