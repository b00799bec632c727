"""A server to download from, and short timeouts."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from abcd_run import download
from abcd_run.host import part_file
from tests.unit.download.site import Handler, Site


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    handler = type("SiteHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    site.url = f"http://127.0.0.1:{server.server_port}/live.iso"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "DELAYS", (0.01, 0.01))
    monkeypatch.setattr(part_file, "POLL", 0.01)
