"""A simulated cluster: an API server in one process, and a kubelet that only marks pods as running.

It keeps objects in memory, and counts what it is asked. `python -m tests.simulated_cluster` prints
its kubeconfig and serves until its input ends. No container ever runs: only who asks is measured.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Document = dict[str, Any]

PORTS_FROM = 30000
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
GIVEN = {"status": {"resourceRules": [EVERYTHING]}}


class Simulated(ThreadingHTTPServer):
    """The server. `objects` are by kind and name; `counts` are requests by verb and kind.

    `runs` says whether pods start to run; `busy` is how many of the next requests get 429,
    `away` that none gets an answer.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Document]] = {}
        self.counts: Counter[str] = Counter()
        self.events: list[tuple[str, Document]] = []
        self.changed = Condition()
        self.runs, self.busy, self.open, self.away = True, 0, True, False
        self._numbers = count(1)
        super().__init__(("127.0.0.1", 0), _Asked)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who has left."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def kept(self, kind: str) -> dict[str, Document]:
        return self.objects.setdefault(kind, {})

    def create(self, kind: str, document: Document) -> tuple[int, Document]:
        name = document["metadata"]["name"]
        with self.changed:
            if name in self.kept(kind):
                return 409, {"message": f"{kind} {name} already exists"}
            number = next(self._numbers)
            document["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": str(number)}
            if kind == "pods":
                document["status"] = {"phase": "Pending"}
            if kind == "services" and document["spec"].get("type") == "NodePort":
                for port in document["spec"]["ports"]:
                    port.setdefault("nodePort", PORTS_FROM + next(self._numbers) % 2767)
            self.kept(kind)[name] = document
            self.tell("ADDED", document)
            if kind == "pods" and self.runs:
                self.run(document)
            return 201, document

    def run(self, pod: Document) -> None:
        """Be its kubelet: say that it runs."""
        with self.changed:
            states = [{"ready": True, "state": {"running": {}}}]
            pod["status"] = {
                "phase": "Running", "hostIP": "192.0.2.1", "podIP": "192.0.2.2",
                "containerStatuses": states,
            }  # fmt: skip
            self.tell("MODIFIED", pod)

    def change(self, kind: str, name: str, patch: Document) -> tuple[int, Document]:
        with self.changed:
            if (there := self.kept(kind).get(name)) is None:
                return 404, {"message": f"{kind} {name} not found"}
            _merge(there, patch)
            return 200, there

    def delete(self, kind: str, name: str) -> tuple[int, Document]:
        with self.changed:
            if (there := self.kept(kind).pop(name, None)) is None:
                return 404, {"message": f"{kind} {name} not found"}
            self.tell("DELETED", there)
            for other in self.objects.values():
                for mine in [key for key, one in other.items() if _owns(there, one)]:
                    del other[mine]
            return 200, {"kind": "Status", "status": "Success"}

    def one(self, kind: str, name: str) -> tuple[int, Document]:
        there = self.kept(kind).get(name)
        return (200, there) if there else (404, {"message": f"{kind} {name} not found"})

    def listed(self, kind: str, asked: Document) -> tuple[int, Document]:
        with self.changed:
            items = [one for one in self.kept(kind).values() if _is_wanted(one, asked)]
            return 200, {"metadata": {"resourceVersion": str(self.version)}, "items": items}

    def tell(self, what: str, document: Document) -> None:
        """Say in all watches what becomes of an object."""
        with self.changed:
            document["metadata"]["resourceVersion"] = str(next(self._numbers))
            self.events.append((what, json.loads(json.dumps(document))))
            self.changed.notify_all()

    @property
    def version(self) -> int:
        """The newest number of any object."""
        return int(self.events[-1][1]["metadata"]["resourceVersion"]) if self.events else 0

    def kubeconfig(self, **usual: str) -> Document:
        """Return a kubeconfig for it."""
        server = f"http://127.0.0.1:{self.server_port}"
        context: Document = {"cluster": "c", "user": "u", "namespace": "class"}
        if usual:
            context["extensions"] = [{"name": "abcd-run", "extension": usual}]
        return {
            "current-context": "simulated",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": "x"}}],
            "contexts": [{"name": "simulated", "context": context}],
        }


def _merge(there: Document, patch: Document) -> None:
    for key, value in patch.items():
        if value is None:
            there.pop(key, None)
        elif isinstance(value, dict) and isinstance(there.get(key), dict):
            _merge(there[key], value)
        else:
            there[key] = value


def _owns(owner: Document, one: Document) -> bool:
    owners = one["metadata"].get("ownerReferences") or ()
    return owner["metadata"]["uid"] in [other["uid"] for other in owners]


class _Asked(BaseHTTPRequestHandler):
    """One connection."""

    server: Simulated
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        length = int(self.headers["Content-Length"] or 0)
        body = self.rfile.read(length)
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        _, _, rest = url.path.partition("/namespaces/class/")
        kind, _, name = rest.partition("/")
        verb = self._verb(name, asked)
        server = self.server
        if server.away:
            self.close_connection = True
            server.counts["unanswered"] += 1
            return None
        with server.changed:
            server.counts[f"{verb} {kind or url.path.rpartition('/')[2]}"] += 1
            server.counts["requests"] += 1
            server.counts["bytes in"] += length
            if server.busy:
                server.busy -= 1
                return self._say(429, {"message": "too many requests"})
        if verb == "watch":
            return self._watch(kind, asked)
        return self._say(*self._answer(verb, kind, name, json.loads(body) if body else {}, asked))

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  (the server calls them so)

    def _verb(self, name: str, asked: Document) -> str:
        if "watch" in asked:
            return "watch"
        verbs = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}
        return verbs.get(self.command) or ("get" if name else "list")

    def _answer(
        self, verb: str, kind: str, name: str, body: Document, asked: Document
    ) -> tuple[int, Document]:
        path, server = urlsplit(self.path).path, self.server
        if known := self._of_itself(path):
            return known
        if verb == "create":
            return server.create(kind, body)
        if verb == "patch":
            return server.change(kind, name, body)
        if verb == "delete":
            return server.delete(kind, name)
        return server.one(kind, name) if name else server.listed(kind, asked)

    def _of_itself(self, path: str) -> tuple[int, Document] | None:
        if path == "/version":
            return 200, {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
        if path == "/counts":
            return 200, dict(self.server.counts)
        return (201, GIVEN) if path.endswith("reviews") else None

    def _say(self, status: int, document: Document) -> None:
        with self.server.changed:  # nothing changes while it is written
            body = json.dumps(document).encode()
            self.server.counts["bytes out"] += len(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def _watch(self, kind: str, asked: Document) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        until = time.monotonic() + float(asked.get("timeoutSeconds", 60))
        after, at = int(asked.get("resourceVersion") or 0), 0
        with suppress(OSError):
            while self.server.open and time.monotonic() < until:
                with self.server.changed:
                    if len(self.server.events) == at:
                        self.server.changed.wait(0.2)
                    new, at = self.server.events[at:], len(self.server.events)
                lines = [
                    json.dumps({"type": what, "object": one}).encode() + b"\n"
                    for what, one in new
                    if int(one["metadata"]["resourceVersion"]) > after
                    and _is_wanted(one, asked)
                    and (kind == "pods") == ("containers" in (one.get("spec") or {}))
                ]
                self.server.counts["bytes out"] += sum(map(len, lines))
                self.wfile.write(b"".join(lines))
                self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


def _is_wanted(one: Document, asked: Mapping[str, str]) -> bool:
    meta = one["metadata"]
    key, _, value = asked.get("labelSelector", "").partition("=")
    if key and (meta.get("labels") or {}).get(key) != value:
        return False
    field, _, wanted = asked.get("fieldSelector", "").partition("=")
    return field != "metadata.name" or str(meta["name"]) == wanted


@contextmanager
def simulated() -> Iterator[Simulated]:
    """Run one during the block."""
    with Simulated() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.open = False
            server.shutdown()


def main() -> None:
    """Print the port, and serve until the input ends."""
    with simulated() as server:
        sys.stdout.write(f"{json.dumps(server.kubeconfig())}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
