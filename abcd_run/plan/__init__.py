"""From what a person asked for to plans: what on which runtime, under which name."""
