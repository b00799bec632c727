"""The process of one instance: `python -m abcd_run_browser.server FOLDER`.

It goes into the background once it listens, and ends by SIGTERM, a second after the tab told that
its machine has ended, or when its folder is gone.
"""

import base64
import errno
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from abcd_run.backend import own_process
from abcd_run.backend.served_site import lock_of
from abcd_run.host import locks
from abcd_run_browser import local
from abcd_run_browser.channel import Broken, Channel, Refused
from abcd_run_browser.folder import Folder
from abcd_run_browser.page import Page

LOOK_SECONDS = 0.5
FAREWELL_SECONDS = 1.0
"""How long a page may still ask for things after its machine has ended."""

PRINTED_SECONDS = 5.0
"""The longest wait of one question for more output."""


def main(folder: str) -> int:
    """Serve an instance until its end; return the exit status of the process that was started."""
    there = Folder(Path(folder))
    spec = there.spec()
    if spec is None:
        sys.stderr.write(f"{folder} is no instance\n")
        return 1
    os.umask(0o077)
    reads = locks.locked(lock_of(Path(spec.site)), shared=True)
    with reads, locks.locked(there.alive, wait=False) as ours:
        if not ours:
            sys.stderr.write("its former server is still there\n")
            return 1
        channel = Channel(there.name)
        try:
            page = Page(spec, channel)
        except OSError as error:
            sys.stderr.write(f"cannot listen at {spec.address} port {spec.port}: {error}\n")
            return own_process.TAKEN if error.errno == errno.EADDRINUSE else 1
        listening = local.listen(there.path)
        return _in_background(lambda: _serve(there, page, listening), there, page)


def _in_background(serve: Any, there: Folder, page: Page) -> int:
    """Leave the serving to a child, and return once it is known where it listens."""
    tells, told = os.pipe()
    if child := os.fork():
        os.close(told)
        up = os.read(tells, 1)
        os._exit(0 if up and child else 1)  # the lock is the child's now
    os.setsid()
    _leave_streams(there)
    there.write("told", {})
    there.write("started", {"pid": os.getpid(), "port": page.server_port})
    os.write(told, b"1")
    os.close(told)
    os.close(tells)
    serve()
    return 0


def _leave_streams(there: Folder) -> None:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    complaints = os.open(there.complaints, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, stream in enumerate((nothing, nothing, complaints)):
        os.dup2(stream, number)


def _serve(there: Folder, page: Page, listening: Any) -> None:
    stop, channel = Event(), page.channel
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    noted = Notes(there, channel)
    channel.changed = noted.write
    answers = Answers(channel)
    Thread(target=page.serve_forever, args=(LOOK_SECONDS,), daemon=True).start()
    Thread(target=local.serve, args=(listening, answers.answer), daemon=True).start()
    while not stop.wait(LOOK_SECONDS) and there.alive.exists():
        noted.write()
        if channel.ended_at and time.monotonic() - channel.ended_at > FAREWELL_SECONDS:
            break
    channel.close()
    noted.write(final=True)
    # Nobody who asks gets half an answer: both servers' threads end with the process.
    listening.close()
    os._exit(0)


class Notes:
    """Writes into the folder what has changed: `ps` reads it without asking anybody."""

    def __init__(self, there: Folder, channel: Channel) -> None:
        self._there, self._channel = there, channel
        self._last: dict[str, Any] = {}
        self._printed = 0
        self._lock = Lock()

    def write(self, *, final: bool = False) -> None:
        """Write down the tab's stage and the console."""
        channel = self._channel
        with self._lock, suppress(OSError):
            facts = {"stage": channel.stage, "why": channel.why, "shown": channel.shown()}
            if final:
                facts = {**facts, "shown": False, "ended": True}
            if facts != self._last:
                self._there.write("told", facts)
                self._last = facts
            if channel.console.end != self._printed:
                self._keep(channel)

    def _keep(self, channel: Channel) -> None:
        end, printed = channel.printed(0, seconds=0)
        part = self._there.path / "console.part"
        part.write_bytes(printed)
        part.rename(self._there.console)
        self._printed = end


class Answers:
    """Answers this user's commands."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def answer(self, question: local.Question) -> local.Question:
        """Return the answer to one question, or an `error` with a `remedy`."""
        try:
            return self._answered(question)
        except Refused as error:
            shown = self._channel.shown()
            remedy = "" if shown else f"abcd-run open {self._channel.name}"
            begun = isinstance(error, Broken)
            return {"error": str(error), "remedy": remedy, "begun": begun}
        except (TypeError, ValueError, KeyError) as error:
            return {"error": f"the question makes no sense: {error}"}

    def _answered(self, question: local.Question) -> local.Question:
        channel = self._channel
        if question["ask"] == "console":
            seconds = min(float(question["seconds"]), PRINTED_SECONDS)
            end, printed = channel.printed(int(question["from"]), seconds=seconds)
            return {"end": end, "printed": base64.b64encode(printed).decode()}
        if question["ask"] == "screenshot":
            return channel.do({"kind": "screenshot"})
        job = {"kind": "run", "script": str(question["script"]), "input": str(question["input"])}
        return channel.do(job)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
