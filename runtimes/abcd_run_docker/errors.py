"""Translate Docker's errors into abcd-run's."""

import requests
from docker.errors import APIError, DockerException

from abcd_run.backend.oci_errors import Silence, Translator
from abcd_run_docker.service import START


def is_slow(error: requests.RequestException) -> bool:
    """Say whether the daemon is running but did not answer in time."""
    return isinstance(error, requests.Timeout) or "timed out" in str(error)


def _silence(error: Exception) -> Silence | None:
    if isinstance(error, APIError):
        return None
    # A client's first request hides the reason for its failure.
    cause = error if isinstance(error, requests.RequestException) else error.__cause__
    if not isinstance(cause, requests.RequestException):
        return None
    slow = is_slow(cause)
    said = "its daemon does not answer in time" if slow else "its daemon is down"
    return Silence(said, cause, slow=slow)


ERRORS = Translator(
    engine="docker",
    raised=(DockerException, requests.RequestException),
    refused=APIError,
    silence=_silence,
    remedy=START,
)
translated = ERRORS.translated
