"""Rootless Podman, through podman-py on the user's own API socket."""

import shutil

from abcd_run.backend.oci_backend import oci_backend
from abcd_run.runtime import Problem, Runtime


def _missing() -> Problem | None:
    if shutil.which("podman"):
        return None
    return Problem("podman is not installed", "sudo apt install podman uidmap slirp4netns")


def _open() -> Runtime:
    from abcd_run_podman.service import Service  # noqa: PLC0415

    # The service starts while the SDK is imported: with two cores that costs nothing.
    service = Service.begin()
    try:
        from abcd_run_podman.runtime import PodmanRuntime  # noqa: PLC0415
    except BaseException:
        service.close()
        raise
    return PodmanRuntime(service)


BACKEND = oci_backend("podman", preference=10, missing=_missing, opens=_open)
