"""The host: its files, programs, locks, sockets and users."""
