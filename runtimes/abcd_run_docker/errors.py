"""What Docker's errors mean, in abcd-run's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker.errors import APIError, DockerException

from abcd_run.backend import refusals
from abcd_run.errors import AbcdRunError, LaunchFailed, NoAnswer, NoRuntime
from abcd_run_docker.service import START


@contextmanager
def translated(doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed) -> Iterator[None]:
    """Turn what docker-py raises while `doing` something into abcd-run's errors."""
    try:
        yield
    except APIError as error:
        text = error.explanation or str(error)
        raise refusals.meaning(text, engine="docker", doing=doing, otherwise=otherwise) from error
    except requests.RequestException as error:
        raise _silent(doing, error) from error
    except DockerException as error:
        # The first request of a client hides why it failed.
        if isinstance(error.__cause__, requests.RequestException):
            raise _silent(doing, error.__cause__) from error
        raise otherwise(
            f"docker could not {doing}", details=str(error), remedy="abcd-run doctor"
        ) from error
    except refusals.GARBLED as error:
        raise refusals.garbled(error, engine="docker", doing=doing, otherwise=otherwise) from error


def _silent(doing: str, error: requests.RequestException) -> NoRuntime:
    slow = is_slow(error)
    said = "its daemon does not answer in time" if slow else "its daemon is down"
    kind = NoAnswer if slow else NoRuntime
    return kind(f"docker could not {doing}: {said}", details=str(error), remedy=START)


def is_slow(error: requests.RequestException) -> bool:
    """Say whether the daemon is there, but did not answer in time."""
    return isinstance(error, requests.Timeout) or "timed out" in str(error)
