"""When a forward ends by itself."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import httpx2
import pytest

from abcd_run_kubernetes import watching
from abcd_run_kubernetes.folder import Spec

RUNS = {"metadata": {"uid": "uid-1"}, "status": {"phase": "Running"}}
SPEC = Spec("demo", "uid-1", "https://server", "class", "127.0.0.1", {"web": 80})


def await_end(answer: Callable[[httpx2.Request], httpx2.Response], *, within: float) -> None:
    transport = httpx2.MockTransport(answer)

    async def ends() -> None:
        async with httpx2.AsyncClient(transport=transport, base_url="https://server") as client:
            await asyncio.wait_for(watching.ends(client, SPEC), within)

    asyncio.run(ends())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(watching, "FORBIDDEN_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("status", "document"),
    [(404, {}), (200, {"metadata": {"uid": "uid-2"}}), (403, {})],
    ids=["gone", "another of its name", "out of reach"],
)
def test_it_ends(status: int, document: object) -> None:
    await_end(lambda _: httpx2.Response(status, json=document), within=10)


@pytest.mark.parametrize("status", [401, 500])
def test_what_may_pass_is_waited_for(status: int) -> None:
    with pytest.raises(TimeoutError):
        await_end(lambda _: httpx2.Response(status, json={}), within=0.3)


def test_a_refusal_after_a_long_watch_is_a_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a server that was started anew: time that the pod was watched does not count."""
    clock, asked = [0.0], list[bool]()
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append("watch" in request.url.params)
        if asked[-1]:
            clock[0] += 200
            raise httpx2.ReadError("the server is gone")
        return httpx2.Response({1: 200, 3: 403}.get(len(asked), 404), json=RUNS)

    monkeypatch.setattr(watching, "FORBIDDEN_SECONDS", 60.0)
    await_end(answer, within=10)
    assert asked == [False, True, False, False]  # runs, is watched, is refused, is gone
