"""abcd-run: one polymorphic system image, every runtime, no administrator rights."""

__version__ = "0.1.0"
