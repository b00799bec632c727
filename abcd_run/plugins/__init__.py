"""What installed packages bring: runtimes, formats, kinds of readiness."""
