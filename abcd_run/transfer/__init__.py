"""Copy files into instances and back: a tar stream through the runtime's own `exec`.

What comes out of an instance is hostile until it is written: it stays below the folder that the
user named, whatever its names and links say.
"""
