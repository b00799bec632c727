"""Programs for the other user: the system's Python reads them from standard input."""
