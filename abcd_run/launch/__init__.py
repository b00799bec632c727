"""From plans to instances that are ready, and how these are reached."""
