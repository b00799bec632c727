"""From a request to plans: what to run, on which runtime, under which name."""
