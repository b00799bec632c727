"""What the API server's refusals mean."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from lightkube.core.exceptions import ConfigError

from abcd_run.errors import AbcdRunError, LaunchFailed, NameTaken, NoAnswer, NoRuntime

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_MANY = 401, 403, 404, 409, 429
NEW_LOGIN = "log in to the cluster again, or ask its owner for a new kubeconfig"
SHOWN = 600
"""Characters of a server's message that are shown."""


class Status(Exception):
    """An answer that is not the wanted one: its HTTP status and the server's own words."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


def said_in(body: bytes) -> str:
    """Return the message in an answer that may be anything."""
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    text = document.get("message") if isinstance(document, dict) else None
    words = str(text or body.decode(errors="replace")).split()
    return " ".join(words)[:SHOWN]


@contextmanager
def translated(doing: str, *, otherwise: type[AbcdRunError] = LaunchFailed) -> Iterator[None]:
    """Turn what goes wrong while `doing` something into abcd-run's errors."""
    try:
        yield
    except Status as error:
        raise meaning(error, doing, otherwise) from error
    except ConfigError as error:  # a plug-in that should log in
        raise NoRuntime(
            f"kubernetes could not {doing}: {error}", remedy="kubectl config view"
        ) from error
    except httpx2.TimeoutException as error:
        raise NoAnswer(
            f"kubernetes could not {doing}: the cluster does not answer in time",
            details=str(error),
            remedy="kubectl cluster-info",
        ) from error
    except httpx2.HTTPError as error:
        raise NoRuntime(
            f"kubernetes could not {doing}: the cluster cannot be reached",
            details=str(error),
            remedy="kubectl cluster-info",
        ) from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise otherwise(
            f"kubernetes could not {doing}: its answer cannot be read",
            details=f"{type(error).__name__}: {error}",
            remedy="abcd-run doctor",
        ) from error


def meaning(error: Status, doing: str, otherwise: type[AbcdRunError]) -> AbcdRunError:
    """Return what a refusal means, with the server's own words."""
    brief = f"kubernetes could not {doing}"
    if error.code == UNAUTHORIZED:
        return NoRuntime(f"{brief}: your login is not accepted any more", remedy=NEW_LOGIN)
    if error.code == CONFLICT:
        return NameTaken(f"{brief}: the name is already in use", details=error.said)
    if error.code == FORBIDDEN:
        return _forbidden(error.said, brief, otherwise)
    return otherwise(brief, details=error.said, remedy="abcd-run doctor")


def _forbidden(said: str, brief: str, otherwise: type[AbcdRunError]) -> AbcdRunError:
    """Return what is forbidden: too much, what the cluster allows nobody, or this user."""
    if "exceeded quota" in said:
        return LaunchFailed(
            f"{brief}: the namespace's quota is used up",
            details=said,
            remedy="abcd-run ps; stop what you no longer need, or ask for a larger quota",
        )
    if "PodSecurity" in said or "pod security policy" in said:
        return LaunchFailed(
            f"{brief}: the cluster does not allow such a pod",
            details=said,
            remedy="launch without --rootful and without on.kubernetes.root",
        )
    if "being terminated" in said:
        return LaunchFailed(
            f"{brief}: the namespace is going away", details=said, remedy="kubectl get namespaces"
        )
    return otherwise(
        f"{brief}: you may not, or the namespace does not exist",
        details=said,
        remedy="ask the cluster's owner for the Role in docs/kubernetes-role.yml; abcd-run doctor",
    )
