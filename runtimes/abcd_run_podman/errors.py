"""Translate Podman's errors into abcd-run's."""

import requests
from podman.errors import APIError, PodmanError

from abcd_run.backend.oci_errors import Silence, Translator


def _silence(error: Exception) -> Silence | None:
    # podman-py raises the same error for a lost service and for a refusal: only the cause differs.
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
