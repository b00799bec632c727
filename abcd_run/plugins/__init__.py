"""What installed packages provide: runtimes, formats, kinds of readiness."""
