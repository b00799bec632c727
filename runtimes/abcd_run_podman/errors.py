"""What Podman's errors mean, in abcd-run's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from podman.errors import APIError, PodmanError

from abcd_run import refusal
from abcd_run.errors import AbcdRunError, LaunchFailed, NoAnswer, NoRuntime


@contextmanager
def translated(doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed) -> Iterator[None]:
    """Turn what podman-py raises while `doing` something into abcd-run's errors."""
    try:
        yield
    except APIError as error:
        text = error.explanation or str(error)
        raise refusal.meaning(text, engine="podman", doing=doing, otherwise=otherwise) from error
    except requests.RequestException as error:
        kind = NoAnswer if isinstance(error, requests.Timeout) else NoRuntime
        raise kind(
            f"podman does not answer: could not {doing}", details=str(error), remedy="podman info"
        ) from error
    except (PodmanError, TypeError, ValueError) as error:
        raise otherwise(f"podman could not {doing}", details=str(error)) from error
