"""Between this user's commands and a server: one question, one answer, on a socket in its folder.

Both are JSON documents; the folder lets nobody else in.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore, Thread
from typing import Any

from abcd_run import limits
from abcd_run.errors import LaunchFailed

MOST = 128 * limits.MIB
"""Bytes of a question or an answer: 64 MiB of a command's input or output, as base64."""

SOCKET = "page.sock"
ASK_SECONDS = 30.0
AT_ONCE = 32
Question = dict[str, Any]


class Gone(LaunchFailed):
    """There is no server to ask."""


class Broken(LaunchFailed):
    """What was asked for had begun, and nobody knows how it ended."""


@contextmanager
def _place(folder: Path) -> Iterator[str]:
    """Yield the address of a folder's socket: the kernel takes no more than 107 bytes."""
    if sys.platform != "linux":
        yield str(folder / SOCKET)
        return
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def ask(folder: Path, question: Question, *, seconds: float | None = ASK_SECONDS) -> Question:
    """Return a server's answer. Raises `LaunchFailed` with the words of one that refuses.

    `seconds` None waits for as long as it takes; the server itself bounds what a tab may take.
    """
    try:
        with socket.socket(socket.AF_UNIX) as asking, _place(folder) as place:
            asking.settimeout(ASK_SECONDS)
            asking.connect(place)
            asking.sendall(json.dumps(question).encode())
            asking.shutdown(socket.SHUT_WR)
            asking.settimeout(seconds)
            answer = _read(asking)
    except OSError as error:
        raise Gone(
            f"{folder.name} does not answer: {error.strerror or error}", remedy="abcd-run ps"
        ) from error
    if "error" in answer:
        remedy = str(answer.get("remedy", ""))
        refused = Broken if answer.get("begun") else LaunchFailed
        raise refused(str(answer["error"]), remedy=remedy)
    return answer


def _read(connection: socket.socket) -> Question:
    pieces, left = [], MOST
    while piece := connection.recv(min(1 << 20, left)):
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            raise OSError("it says too much")
    try:
        said = json.loads(b"".join(pieces))
    except ValueError as error:
        raise OSError("it hung up") from error
    if not isinstance(said, dict):
        raise OSError("it talks nonsense")
    return said


def listen(folder: Path) -> socket.socket:
    """Return a folder's listening socket, in place of a former server's."""
    (folder / SOCKET).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    with _place(folder) as place:
        listening.bind(place)
    listening.listen(AT_ONCE)
    return listening


def serve(listening: socket.socket, answer: Callable[[Question], Question]) -> None:
    """Answer questions, each in its own thread, until the socket is closed."""
    free = Semaphore(AT_ONCE)
    while True:
        free.acquire()
        try:
            connection, _ = listening.accept()
        except OSError:
            return

        def one(connection: socket.socket = connection) -> None:
            try:
                _one(connection, answer)
            finally:
                free.release()

        Thread(target=one, daemon=True).start()


def _one(connection: socket.socket, answer: Callable[[Question], Question]) -> None:
    with connection:
        try:
            connection.settimeout(ASK_SECONDS)
            question = _read(connection)
            said = json.dumps(answer(question)).encode()
            connection.settimeout(ASK_SECONDS)
            connection.sendall(said)
        except OSError:  # whoever asked has gone
            return
