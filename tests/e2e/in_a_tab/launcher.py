"""A server that asks of a tab what a launcher asks, and keeps what the tab tells."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.in_a_tab.serving import Quiet, Server

TOKEN = "of-this-instance"
SEED = {"ABCD_HOSTNAME": "named", "ABCD_USER": "ana", "ABCD_PASSWORD": "secret"}
WORK_SECONDS = 1
Document = dict[str, Any]


@dataclass
class Launcher:
    """What a tab has told; `holder` is the tab that has the machine."""

    holder: str = ""
    stages: list[str] = field(default_factory=list)
    console: bytearray = field(default_factory=bytearray)
    work: Queue[Document] = field(default_factory=Queue)
    answers: Queue[Document] = field(default_factory=Queue)
    without_token: int = 0

    def ask(self, **work: str) -> Document:
        """Have the tab do something; return its answer."""
        self.work.put({"id": "17", **work})
        return self.answers.get(timeout=60)

    def run(self, script: str, given: bytes = b"") -> tuple[int, bytes, bytes]:
        """Have the tab run a script; return status, output and errors."""
        answer = self.ask(kind="run", script=script, input=b64encode(given).decode())
        return answer["status"], b64decode(answer["out"]), b64decode(answer["err"])


class Handler(Quiet):
    """The site's files, and the channel."""

    def __init__(self, *args: Any, launcher: Launcher, **options: Any) -> None:
        self.launcher = launcher
        super().__init__(*args, **options)

    def do_GET(self) -> None:  # noqa: N802 - the library calls it so
        """Serve a file, or the next work."""
        path = urlsplit(self.path).path
        if path == "/machine.json":
            self._describe()
        elif path == "/channel/work":
            self._work()
        else:
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802 - the library calls it so
        """Take what a tab tells."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = urlsplit(self.path).path.rpartition("/")[2]
        if self.headers.get("X-Abcd-Tab") != TOKEN:
            self.launcher.without_token += 1
        if name == "hello":
            self._hello(body)
        elif not self._holds():
            self._say(HTTPStatus.CONFLICT)
        else:
            self._take(name, body)

    def _hello(self, body: Document) -> None:
        if self.launcher.holder in {"", body["tab"]} or body.get("take"):
            self.launcher.holder = body["tab"]
            self._say(HTTPStatus.OK, {})
        else:
            self._say(HTTPStatus.CONFLICT)

    def _take(self, name: str, body: Document) -> None:
        if name == "told":
            self.launcher.stages.append(body["stage"])
            self.launcher.console += b64decode(body["console"])
        else:
            self.launcher.answers.put(body)
        self._say(HTTPStatus.OK, {})

    def _work(self) -> None:
        if not self._holds():
            self._say(HTTPStatus.CONFLICT)
            return
        try:
            self._say(HTTPStatus.OK, self.launcher.work.get(timeout=WORK_SECONDS))
        except Empty:
            self._say(HTTPStatus.NO_CONTENT)

    def _holds(self) -> bool:
        return parse_qs(urlsplit(self.path).query).get("tab") == [self.launcher.holder]

    def _describe(self) -> None:
        told = json.loads((Path(self.directory) / "machine.json").read_text())
        self._say(HTTPStatus.OK, told | {"channel": {"token": TOKEN}, "seed": SEED})

    def _say(self, status: HTTPStatus, document: Document | None = None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def launched(folder: Path) -> Iterator[tuple[str, Launcher]]:
    """Serve a site as a launcher does; yield its address and what it hears."""
    launcher = Launcher()
    handler = partial(Handler, directory=str(folder), launcher=launcher)
    with Server(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", launcher
        server.shutdown()
        thread.join()
