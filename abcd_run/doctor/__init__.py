"""What this host can do, what it lacks, and how to fix that."""
