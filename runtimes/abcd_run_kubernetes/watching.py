"""Notice that a pod has ended: by a watch, which costs the server nothing while nothing happens."""

import asyncio
import json
import time
from typing import Any

import httpx2

from abcd_run import limits
from abcd_run_kubernetes import instances
from abcd_run_kubernetes.folder import Spec

WATCH_SECONDS = 240
"""How long one watch lasts; proxies cut off what is silent for longer."""

PAUSE_SECONDS = 2.0
GIVE_UP_SECONDS = 3600.0
"""How long a cluster may be away, or a login be over, before its forward ends."""

FORBIDDEN_SECONDS = 60.0
"""How long its user may have no right to the pod: a namespace that is gone takes its Roles with it,
and a server that was started anew knows of none for a moment."""


async def ends(client: httpx2.AsyncClient, spec: Spec) -> None:
    """Return when a pod has ended, or its cluster is away for good, or out of its user's reach."""
    last = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < last:
        try:
            if await _has_ended(client, spec) or await _watched(client, spec):
                return
            last = time.monotonic() + GIVE_UP_SECONDS
        except httpx2.HTTPStatusError as error:  # asked again
            if error.response.status_code == httpx2.codes.FORBIDDEN:
                last = min(last, time.monotonic() + FORBIDDEN_SECONDS)
        except (httpx2.HTTPError, ValueError, OSError):
            pass  # asked again
        await asyncio.sleep(PAUSE_SECONDS)


def _path(spec: Spec, name: str = "") -> str:
    return f"/api/v1/namespaces/{spec.namespace}/pods{f'/{name}' if name else ''}"


async def _has_ended(client: httpx2.AsyncClient, spec: Spec) -> bool:
    answer = await client.get(_path(spec, spec.pod))
    if answer.status_code == httpx2.codes.NOT_FOUND:
        return True
    answer.raise_for_status()
    return _is_over(answer.json(), spec)


async def _watched(client: httpx2.AsyncClient, spec: Spec) -> bool:
    """Say whether a pod ended during one watch."""
    params = {
        "watch": "1", "fieldSelector": f"metadata.name={spec.pod}",
        "timeoutSeconds": str(WATCH_SECONDS),
    }  # fmt: skip
    timeout = httpx2.Timeout(WATCH_SECONDS + 30.0, connect=4.0)
    async with client.stream("GET", _path(spec), params=params, timeout=timeout) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            event = json.loads(line) if len(line) < limits.JSON_BYTES else {}
            if event.get("type") == "DELETED" or _is_over(event.get("object") or {}, spec):
                return True
            if event.get("type") == "ERROR":
                return False
    return False


def _is_over(pod: dict[str, Any], spec: Spec) -> bool:
    uid = (pod.get("metadata") or {}).get("uid")
    return bool(uid) and (uid != spec.uid or not instances.runs(pod))
