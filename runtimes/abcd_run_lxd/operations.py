"""LXD's operations: work that continues after LXD has answered."""

from typing import Any

from pylxd import Client
from pylxd.exceptions import LXDAPIException, NotFound

SECONDS = 600
UNDER_WAY = range(100, 200)
SUCCESS = 200


def begun(answer: Any) -> str:
    """Return the id of the operation that a request started."""
    path = str(answer.json()["operation"])
    return path.partition("?")[0].rpartition("/")[2]


def done(client: Client, answer: Any) -> dict[str, Any]:
    """Wait for the operation that a request started; return its result. Raises pylxd's errors."""
    operation = client.api.operations[begun(answer)]
    result: dict[str, Any] = _checked(operation.wait.get(timeout=SECONDS))["metadata"] or {}
    return result


def is_over(client: Client, operation: str) -> bool:
    """Say whether an operation has finished. Raises pylxd's errors if it has failed."""
    try:
        answer = client.api.operations[operation].get()
    except NotFound:  # LXD forgets finished operations
        return True
    return _checked(answer)["status_code"] not in UNDER_WAY


def _checked(answer: Any) -> dict[str, Any]:
    facts: dict[str, Any] = answer.json()["metadata"]
    if facts["status_code"] > SUCCESS:
        raise LXDAPIException(answer)
    return facts
