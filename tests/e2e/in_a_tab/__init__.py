"""The site of a machine in real browsers."""
