"""A third-party runtime that the core knows nothing about."""

from abcd_run.runtime import Backend, Option, Runtime


def _open() -> Runtime:
    from abcd_run_parrot.runtime import ParrotRuntime

    return ParrotRuntime()


BACKEND = Backend(
    name="parrot",
    accepts=("egg",),
    missing=lambda: None,
    open=_open,
    options={"colour": Option(str, "its feathers", "green", ("green", "red"))},
)
