"""Run the installed `abcd-run` as a user or script would."""

import signal
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abcd_run.testing import documents

PROGRAM = str(Path(sys.executable).parent / "abcd-run")
SECONDS = 240
"""Longer than anything that works takes: emulated machines are slow."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; `words` are those of an abcd-run.

    Each document that one prints must be as its schema says, whether a test reads it or not.
    """

    status: int
    out: str
    err: str
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Read the document if there is one: a command that was killed may have printed none."""
        if self.out and documents.asked(self.words):
            documents.read(self.words, self.out)

    @property
    def json(self) -> Any:
        """The JSON document on standard output, which must hold nothing else."""
        return documents.read(self.words, self.out)


def abcd_run(*arguments: str, stdin: str = "", within: float = SECONDS) -> Ended:
    """Run abcd-run to its end, which must come `within` so many seconds."""
    ended = subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr, arguments)


def launch(*arguments: str, within: float = SECONDS) -> list[dict[str, Any]]:
    """Launch, which must succeed, and return the document's instances."""
    ended = abcd_run("--json", *arguments, within=within)
    assert ended.status == 0, ended.err
    instances: list[dict[str, Any]] = ended.json["instances"]
    return [_begun_by_hand(one) if one["stage"] == "reachable" else one for one in instances]


def _begun_by_hand(instance: dict[str, Any]) -> dict[str, Any]:
    """Wait for what a person begins, and a launch does not wait for."""
    ended = abcd_run("--json", "wait", instance["name"])
    assert ended.status == 0, ended.err
    (ready,) = ended.json["instances"]
    return dict(ready)


def interrupted(
    *arguments: str, at: str, how: signal.Signals = signal.SIGINT
) -> tuple[Ended, list[str]]:
    """Send a signal when a progress line ends in `at`; return the result and the lines so far."""
    process, lines = _begun(arguments, at)
    process.send_signal(how)
    return _ended(process, arguments), lines


def told(*arguments: str, at: str, tell: Sequence[str]) -> Ended:
    """Run another abcd-run command when a progress line ends in `at`, and await the end."""
    process, _ = _begun(arguments, at)
    abcd_run(*tell)
    return _ended(process, arguments)


def _begun(arguments: Sequence[str], at: str) -> tuple[subprocess.Popen[str], list[str]]:
    process = subprocess.Popen(
        [PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines = []
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        if line.rstrip().endswith(at):
            break
    return process, lines


def _ended(process: subprocess.Popen[str], arguments: tuple[str, ...]) -> Ended:
    """Await the end; kill a process that does not end, as it would disturb later tests."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out, err, arguments)


def http_status(url: str, *, user: str = "", password: str = "") -> tuple[int, str]:
    """Return a URL's status and text, requested as a browser would."""
    request = urllib.request.Request(url)
    if user:
        token = b64encode(f"{user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    # No proxy: instances are on this host.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
