"""A plain web server for a folder, as anybody has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class Quiet(SimpleHTTPRequestHandler):
    """Python's own `http.server`, without its log."""

    def log_message(self, *_: Any) -> None:
        """Keep the test's output to the test."""


class Server(ThreadingHTTPServer):
    """A server that does not wait for what a closed tab had asked."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Let a tab go in the middle of an answer."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of the loopback; yield its address, which ends in a slash."""
    handler = partial(Quiet, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
