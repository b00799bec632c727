"""The page's server: the files of its site, and the channel to its tab."""

import io
import json
import select
import socket
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from abcd_run_browser import files, words
from abcd_run_browser.channel import Channel, Ended, Refused
from abcd_run_browser.folder import Spec
from abcd_run_browser.gate import Gate, Guarded


class Page(Guarded):
    """The server of one instance's page. Raises `OSError` if it cannot listen."""

    def __init__(self, spec: Spec, channel: Channel) -> None:
        self.channel, self.site = channel, Path(spec.site)
        super().__init__(spec, Handler)

    def machine(self) -> bytes:
        """Return what the page reads first: the site's own, with the seed and the channel."""
        facts = json.loads((self.site / "machine.json").read_bytes())
        return json.dumps(
            {**facts, "seed": self.spec.seed, "channel": {"token": self.token}}
        ).encode()


class Handler(Gate):
    """One connection from a browser."""

    server: Page

    def do_GET(self) -> None:  # noqa: N802  (the library's name)
        """Send a file, or a job to the tab."""
        inside = files.below(self.path)
        if inside == "channel/work":
            self._guarded(self._work)
        elif inside == "machine.json":
            self._send_machine()
        elif inside and (file := files.named(self.server.site, inside)):
            self._send_file(file)
        else:
            self.say(404, "nothing is here")

    def _send_machine(self) -> None:
        try:
            told = self.server.machine()
        except (OSError, ValueError):
            self.say(404, "the site is no longer on this host")
            return
        self.send(200, told, kind="application/json")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:  # noqa: N802
        """Take what the tab says."""
        said = {
            "channel/hello": (self._hello, words.HELLO_BYTES),
            "channel/told": (self._told, words.TOLD_BYTES),
            "channel/answer": (self._answer, words.ANSWER_BYTES),
        }
        what = said.get(files.below(self.path) or "")
        body = self.body(what[1] if what else 0)
        if what is None or body is None:
            self.close_connection = True
            self.say(404 if what is None else 413, "nothing is here" if not what else "too much")
            return
        self._guarded(lambda: what[0](body))

    def _guarded(self, act: Any) -> None:
        try:
            act()
        except ValueError:
            self.say(400, "this makes no sense")
        except Ended as error:
            self.say(410, str(error))
        except Refused as error:
            self.say(409, str(error))

    def _hello(self, body: bytes) -> None:
        said = words.document(body)
        self.server.channel.hello(words.tab(said.get("tab")), take=said.get("take") is True)
        self._json({})

    def _told(self, body: bytes) -> None:
        stage, why, printed = words.told(body)
        self.server.channel.tell(self._tab(), stage, why, printed)
        self._json({})

    def _answer(self, body: bytes) -> None:
        job = self._asked("id")
        self.server.channel.answer(self._tab(), job, words.answer(body))
        self._json({})

    def _work(self) -> None:
        job = self.server.channel.work(self._tab(), there=self._is_there)
        if job is None:
            self.send(204, b"")
            return
        try:
            self._json(job)
        except OSError:  # the tab went away just now, or was loaded anew
            self.server.channel.again(job)
            raise

    def _is_there(self) -> bool:
        """Say whether the browser still waits: one that has gone has closed its connection."""
        ready, _, _ = select.select([self.connection], [], [], 0)
        return not ready or bool(self.connection.recv(1, socket.MSG_PEEK))

    def _tab(self) -> str:
        return words.tab(self._asked("tab"))

    def _asked(self, key: str) -> str:
        return (parse_qs(urlsplit(self.path).query, max_num_fields=8).get(key) or [""])[0]

    def _json(self, document: object) -> None:
        self.send(200, json.dumps(document).encode(), kind="application/json")

    def _send_file(self, file: files.File) -> None:
        with file.path.open("rb") as opened:
            size = opened.seek(0, io.SEEK_END)
            opened.seek(0)
            self.head(200, size, kind=file.kind, cache=file.cache)
            if self.command != "HEAD" and size:
                self.connection.sendfile(opened, count=size)
