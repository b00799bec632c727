"""What Podman's errors mean, in abcd-run's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from podman.errors import APIError, PodmanError

from abcd_run.backend import refusals
from abcd_run.errors import AbcdRunError, LaunchFailed, NoAnswer, NoRuntime


@contextmanager
def translated(doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed) -> Iterator[None]:
    """Turn what podman-py raises while `doing` something into abcd-run's errors."""
    try:
        yield
    except APIError as error:
        # podman-py has no other name for a service that is gone: its cause tells.
        if isinstance(error.__cause__, OSError):
            raise _unanswered(doing, error.__cause__) from error
        text = error.explanation or str(error)
        raise refusals.meaning(text, engine="podman", doing=doing, otherwise=otherwise) from error
    except requests.RequestException as error:
        raise _unanswered(doing, error) from error
    except PodmanError as error:
        raise otherwise(
            f"podman could not {doing}", details=str(error), remedy="abcd-run doctor"
        ) from error
    except refusals.GARBLED as error:
        raise refusals.garbled(error, engine="podman", doing=doing, otherwise=otherwise) from error


def _unanswered(doing: str, error: OSError) -> NoRuntime:
    kind = NoAnswer if isinstance(error, requests.Timeout) else NoRuntime
    said = f"podman could not {doing}: its service does not answer"
    return kind(said, details=str(error), remedy="podman info")
