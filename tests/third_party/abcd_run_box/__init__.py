"""A third-party runtime that runs programs: boxes made of the user's own namespaces."""

from abcd_run.runtime import Backend, Problem, Runtime


def _missing() -> Problem | None:
    from abcd_run_box import box

    problem = box.problem()
    return Problem(f"users get no namespaces here: {problem}") if problem else None


def _open() -> Runtime:
    from abcd_run_box.runtime import BoxRuntime

    return BoxRuntime()


BACKEND = Backend(
    name="box",
    accepts=("crate",),
    missing=_missing,
    open=_open,
    takes_command=True,
)
