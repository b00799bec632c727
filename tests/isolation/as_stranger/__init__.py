"""Programs that run as another user: the system's Python reads them from standard input."""
