"""Describe the backend of an OCI engine without importing its SDK."""

from collections.abc import Callable

from abcd_run.backend import container_rights
from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime


def oci_backend(
    name: str,
    *,
    preference: int,
    missing: Callable[[], Problem | None],
    opens: Callable[[], Runtime],
) -> Backend:
    """Return the backend of an engine that runs OCI images as containers."""
    return Backend(
        name=name,
        accepts=(Format.OCI,),
        missing=missing,
        open=opens,
        options=container_rights.OPTIONS,
        trusts=container_rights.trusts,
        takes_command=True,
        preference=preference,
        sdk=name,  # both SDKs are named after their engines
    )
