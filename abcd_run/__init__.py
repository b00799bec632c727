"""abcd-run: one polymorphic system image, every runtime, no administrator rights.

`Session` is all of it for Python programs; see docs/python.md.
"""

__version__ = "0.1.0"
__all__ = ["Session", "__version__"]

# Type checkers know this name; `typing` would be a third of what `abcd-run --version` takes.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from abcd_run.session import Session
else:

    def __getattr__(name: str) -> object:
        """Import `Session` when somebody wants it: whoever asks for the version does not."""
        if name != "Session":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from abcd_run.session import Session  # noqa: PLC0415

        return Session
