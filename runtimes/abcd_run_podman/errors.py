"""What Podman's errors mean, in abcd-run's words."""

import requests
from podman.errors import APIError, PodmanError

from abcd_run.backend.oci_errors import Silence, Translator


def _silence(error: Exception) -> Silence | None:
    # podman-py has no other name for a service that is gone than that for a refusal: its cause
    # tells.
    cause = error.__cause__ if isinstance(error, APIError) else error
    if isinstance(cause, OSError):
        slow = isinstance(cause, requests.Timeout)
        return Silence("its service does not answer", cause, slow=slow)
    return None


ERRORS = Translator(
    engine="podman",
    raised=(PodmanError, requests.RequestException),
    refused=APIError,
    silence=_silence,
    remedy="podman info",
)
translated = ERRORS.translated
