"""When a forward ends by itself."""

import asyncio

import httpx2
import pytest

from abcd_run_kubernetes import watching
from abcd_run_kubernetes.folder import Spec

SPEC = Spec("demo", "uid-1", "https://server", "class", "127.0.0.1", {"web": 80})


def await_end(status: int, document: object = None, *, within: float) -> None:
    answers = httpx2.MockTransport(lambda _: httpx2.Response(status, json=document))

    async def ends() -> None:
        async with httpx2.AsyncClient(transport=answers, base_url="https://server") as client:
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
    await_end(status, document, within=10)


@pytest.mark.parametrize("status", [401, 500])
def test_what_may_pass_is_waited_for(status: int) -> None:
    with pytest.raises(TimeoutError):
        await_end(status, {}, within=0.3)
