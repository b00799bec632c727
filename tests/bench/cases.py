"""The benchmarks: launches against the engine's own command, and response times."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import partial

from abcd_run.testing.cli import http_status
from tests.bench.measure import Row, Side, compare

IMAGE = "abcd4demo"
PASSWORD = "bench-password"
ENGINES = ("podman", "docker")


def launches(runs: int) -> Iterator[Row]:
    """Yield each row as soon as it is measured."""
    for engine in ENGINES:
        yield one_launch(engine, 2 * runs)
    for engine in ENGINES:
        for count in (8, 30):
            yield many_launches(engine, count, runs)


def one_launch(engine: str, runs: int) -> Row:
    """Launch one instance until its page answers."""
    return compare(
        f"one launch on {engine}, until the page answers",
        ours(engine, 1),
        native(engine, 1),
        runs=runs,
    )


def many_launches(engine: str, count: int, runs: int) -> Row:
    """Launch many instances until all pages answer, against a loop of the native command."""
    return compare(
        f"{count} launches on {engine}, until all pages answer",
        ours(engine, count),
        native(engine, count),
        runs=runs,
    )


def ours(engine: str, count: int) -> Side:
    """Our command, which itself waits for the pages."""
    words = ["abcd-run", "-q", "--json", "--on", engine, "--count", str(count), IMAGE]
    launched: list[str] = []

    def run() -> None:
        ended = subprocess.run(words, check=True, capture_output=True)
        launched[:] = [one["name"] for one in json.loads(ended.stdout)["instances"]]

    def after() -> None:
        subprocess.run(["abcd-run", "-q", "stop", *launched], check=True)

    return Side(f"abcd-run --on {engine} --count {count} {IMAGE}", run, after)


def native(engine: str, count: int) -> Side:
    """The engine's own command in a loop, and the same wait."""
    names = [f"bench-{number}" for number in range(count)]
    image = "localhost/abcdic4demo:latest"

    def run() -> None:
        for name in names:
            line = [engine, "run", "--detach", "--name", name, "--publish", "127.0.0.1::8080"]
            line += ["--env", f"ABCD_PASSWORD={PASSWORD}", image]
            subprocess.run(line, check=True, capture_output=True)
        for name in names:
            line = [engine, "port", name, "8080/tcp"]
            ended = subprocess.run(line, check=True, capture_output=True)
            await_page(f"http://{ended.stdout.decode().split()[0]}/")

    def after() -> None:
        subprocess.run([engine, "rm", "--force", *names], check=True, capture_output=True)

    loop = "" if count == 1 else f", {count} times"
    return Side(f"{engine} run --detach{loop}", run, after)


def await_page(url: str) -> None:
    """Wait until a page answers with the password."""
    while not _answers(url):
        time.sleep(0.005)


def _answers(url: str) -> bool:
    try:
        return http_status(url, user="abcd", password=PASSWORD)[0] == 200
    except OSError:
        return False


def answers(runs: int) -> Iterator[Row]:
    """How long it takes to answer without launching anything."""
    pairs = [
        (["abcd-run", "--version"], ["vagrant", "--version"]),
        (["abcd-run", "--version"], ["distrobox", "--version"]),
        (["abcd-run", "--help"], ["podman", "--help"]),
        (["abcd-run", "ps", "--on", "podman"], ["podman", "ps"]),
        (["abcd-run", "ps"], ["podman", "ps"]),
    ]
    for mine, theirs in pairs:
        if shutil.which(theirs[0]):
            yield compare(" ".join(mine), _command(mine), _command(theirs), runs=runs)


def _command(words: list[str]) -> Side:
    return Side(" ".join(words), partial(subprocess.run, words, check=True, capture_output=True))
