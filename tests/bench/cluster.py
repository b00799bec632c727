"""Launches on a cluster: on the real one against `kubectl run`, and the launcher's own cost.

The cost is measured against a simulated API server in a process of its own, whose pods run as soon
as they are made: no node, no container, no page. The other side posts as many objects one by one
and does nothing else, which is the least that anybody could do.
"""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.cases import IMAGE, PASSWORD, await_page, ours
from tests.bench.measure import Row, Side, compare

CLASS = 30
COUNTS = (100, 999)
COUNTED = ("requests", "bytes in", "bytes out")
LABEL = "app.kubernetes.io/managed-by=abcd-run"
FORWARD = "abcd_run_kubernetes.forwarding"
KEPT = ("securityContext", "volumes", "restartPolicy", "automountServiceAccountToken")
PROFILE = """\
[abcdic]
image = "registry.example/demo:1"
[resources]
memory = "256MiB"
[services.web]
port = 8080
protocol = "http"
"""


def rows(runs: int) -> Iterator[Row]:
    """Launch a class on the real cluster's one node."""
    yield compare(
        f"{CLASS} launches on kubernetes, until all pages answer through a forward",
        all_gone_after(ours("kubernetes", CLASS)),
        by_kubectl(like_ours()),
        runs=runs,
    )


def all_gone_after(side: Side) -> Side:
    """Return a side that proves at each end that nothing of ours is left."""

    def after() -> None:
        side.after()
        line = ["kubectl", "get", "pods,secrets", "--selector", LABEL, "--output", "name"]
        left = subprocess.run(line, check=True, capture_output=True).stdout
        processes = subprocess.run(["pgrep", "-u", str(os.getuid()), "-f", FORWARD], check=False)
        if left or processes.returncode == 0:
            raise RuntimeError(f"left behind: {left.decode() or 'a forward'}")

    return replace(side, after=after)


def like_ours() -> dict[str, Any]:
    """Return the spec of a pod as abcd-run makes it, with a password in place of its Secret."""
    line = ["abcd-run", "-q", "--json", "--on", "kubernetes", IMAGE]
    (one,) = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)["instances"]
    line = ["kubectl", "get", "pod", one["name"], "--output", "json"]
    spec = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)["spec"]
    subprocess.run(["abcd-run", "-q", "stop", one["name"]], check=True)
    (container,) = spec["containers"]
    del container["envFrom"]
    container["env"] = [{"name": "ABCD_PASSWORD", "value": PASSWORD}]
    return {"containers": [container]} | {key: spec[key] for key in KEPT if key in spec}


def by_kubectl(spec: dict[str, Any]) -> Side:
    """`kubectl run` in a loop, and a forward to each pod."""
    names = [f"bench-{number}" for number in range(CLASS)]
    image = spec["containers"][0]["image"]
    forwards: list[subprocess.Popen[str]] = []

    def pod(name: str) -> dict[str, Any]:
        (container,) = spec["containers"]
        return {"spec": {**spec, "containers": [{**container, "name": name}]}}

    def run() -> None:
        for name in names:
            line = ["kubectl", "run", name, "--image", image, "--restart", "Never"]
            line += ["--overrides", json.dumps(pod(name))]
            subprocess.run(line, check=True, capture_output=True)
        wait = ["kubectl", "wait", "--for", "condition=Ready", "--timeout", "300s"]
        subprocess.run([*wait, *(f"pod/{name}" for name in names)], check=True, capture_output=True)
        forwards[:] = [_forward(name) for name in names]
        for one in forwards:
            assert one.stdout
            place = one.stdout.readline().removeprefix("Forwarding from ").split()[0]
            await_page(f"http://{place}/")

    def after() -> None:
        for one in forwards:
            one.terminate()
            one.wait()
        line = ["kubectl", "delete", "--grace-period", "1", "pod", *names]
        subprocess.run(line, check=True, capture_output=True)

    return Side(f"kubectl run, port-forward, {CLASS} times", run, after)


def _forward(name: str) -> subprocess.Popen[str]:
    line = ["kubectl", "port-forward", "--address", "127.0.0.1", f"pod/{name}", ":8080"]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True)


def costs(runs: int, scratch: Path) -> Iterator[Row]:
    """Launch many instances on simulated nodes; requests and bytes are told in the row's name."""
    (scratch / "bench-demo.toml").write_text(PROFILE)
    for count in COUNTS:
        with simulated(scratch) as server:
            mine = Launcher(server, scratch, count)
            row = compare(
                f"{count} launches on simulated nodes",
                mine.side(),
                posted(server, count),
                runs=runs,
            )
        told = ", ".join(f"{mine.each[one]:.1f} {one}" for one in COUNTED)
        yield replace(row, what=f"{row.what}, each: {told}")


@contextmanager
def simulated(scratch: Path) -> Iterator[str]:
    """Run a simulated cluster in a process of its own; yield its address."""
    line = [sys.executable, "-m", "tests.simulated_cluster"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        config = server.stdout.readline()
        (scratch / "kubeconfig").write_bytes(config)
        yield str(json.loads(config)["clusters"][0]["cluster"]["server"])
        server.stdin.close()


class Launcher:
    """Our side; `each` is what one instance costs the server, from the last run."""

    def __init__(self, server: str, scratch: Path, count: int) -> None:
        self._server, self._scratch, self._count = server, scratch, count
        self.each: dict[str, float] = {}

    def side(self) -> Side:
        words = ["--on", "kubernetes", "--set", "on.kubernetes.reach=nodeport", "--no-wait"]
        words += ["--profiles", str(self._scratch), "--count", str(self._count), "bench-demo"]

        def run() -> None:
            before = counted(self._server)
            self._ran(*words)
            now = counted(self._server)
            self.each = {key: (now[key] - before.get(key, 0)) / self._count for key in COUNTED}

        return Side(
            f"abcd-run --count {self._count}, nodeport, --no-wait",
            run,
            lambda: self._ran("stop", "--all", "--on", "kubernetes"),
        )

    def _ran(self, *words: str) -> None:
        environment = {**os.environ, "KUBECONFIG": str(self._scratch / "kubeconfig")}
        line = ["abcd-run", "-q", *words]
        subprocess.run(line, check=True, capture_output=True, env=environment)


def counted(server: str) -> dict[str, int]:
    """Return what a simulated server was asked so far."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc)
    connection.request("GET", "/counts")
    counts: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return counts


def posted(server: str, count: int) -> Side:
    """Post a Secret, a pod and a Service for each instance over one connection."""
    kinds = ("secrets", "pods", "services")

    def each(method: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(server).netloc)
        for name in (f"bench-{number}" for number in range(count)):
            for kind in kinds:
                path = f"/api/v1/namespaces/class/{kind}"
                body = json.dumps({"metadata": {"name": name}, "spec": {}})
                path, body = (path, body) if method == "POST" else (f"{path}/{name}", "")
                connection.request(method, path, body=body)
                connection.getresponse().read()
        connection.close()

    return Side(f"3 objects posted, {count} times", lambda: each("POST"), lambda: each("DELETE"))
