"""Connections of this host to a pod, each a websocket through the API server.

The kubelet's protocol since 1.8: a message begins with the number of its channel, 0 for bytes and 1
for an error, and the first on each has two bytes more, the port.
"""

import asyncio
import socket
import sys
from contextlib import suppress
from typing import Any, Self

import httpx2
from httpx2.websockets import AsyncWebSocketSession, HTTPXWSException

from abcd_run import limits
from abcd_run.host import sockets, this_host
from abcd_run_kubernetes import service
from abcd_run_kubernetes.folder import Spec
from abcd_run_kubernetes.kubeconfig import Place

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
PIECE = 1 << 15
MESSAGE_BYTES = limits.MIB
"""The longest message that is taken: a kubelet's have 32 KiB."""

LINGER_SECONDS = 10.0
"""How long a pod may go on answering whoever has said all: nothing tells it that they have."""

FAILED = (OSError, httpx2.HTTPError, HTTPXWSException, ExceptionGroup)


class Tunnel:
    """The forward of one pod."""

    def __init__(self, place: Place, spec: Spec) -> None:
        self._spec = spec
        self._free = asyncio.Semaphore(limits.CONNECTIONS)
        self._servers: list[asyncio.Server] = []
        self.client = service.asynchronous(place)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        with suppress(*FAILED):
            await self.client.aclose()

    async def listen(self, inside: int, listening: socket.socket) -> None:
        """Forward what connects to a socket to a port of the pod."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                if _is_allowed(writer):
                    async with self._free:
                        await self._carry(inside, reader, writer)
            except FAILED as error:
                sys.stderr.write(f"port {inside}: {_words(error)}\n")
                sys.stderr.flush()
            finally:
                writer.transport.abort() if writer.is_closing() else writer.close()

        self._servers.append(await asyncio.start_server(connected, sock=listening))

    async def _carry(
        self, inside: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        spec = self._spec
        path = f"/api/v1/namespaces/{spec.namespace}/pods/{spec.pod}/portforward"
        async with self.client.websocket(
            path,
            subprotocols=[PROTOCOL],
            params={"ports": str(inside)},
            max_message_size_bytes=MESSAGE_BYTES,
        ) as session:
            up = asyncio.create_task(_upwards(reader, session))
            try:
                await _downwards(session, writer, up)
            finally:
                up.cancel()
                with suppress(asyncio.CancelledError, *FAILED):
                    await up


async def _upwards(reader: asyncio.StreamReader, session: AsyncWebSocketSession) -> None:
    """Send what comes from this host to the pod."""
    while piece := await reader.read(PIECE):
        await session.send_bytes(bytes((DATA,)) + piece)


async def _downwards(
    session: AsyncWebSocketSession, writer: asyncio.StreamWriter, up: "asyncio.Task[None]"
) -> None:
    """Hand on what comes from the pod, until it ends; whoever has left does not hold it up."""
    begun = set[int]()
    while True:
        message = await _message(session, up)
        if not message:
            return
        channel, content = message[0], message[1:]
        if channel not in begun:  # the port comes first
            begun.add(channel)
            content = content[2:]
        if channel == ERROR and content:
            raise OSError(content[: limits.TEXT_BYTES].decode(errors="replace"))
        if channel == DATA and content:
            writer.write(content)
            await writer.drain()


async def _message(session: AsyncWebSocketSession, up: "asyncio.Task[None]") -> bytes:
    """Return the next message; empty at the end."""
    receiving: asyncio.Task[bytes] = asyncio.create_task(session.receive_bytes())
    try:
        await asyncio.wait({receiving, up}, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():
            await asyncio.wait({receiving}, timeout=LINGER_SECONDS)
        return await receiving if receiving.done() else b""
    except HTTPXWSException:
        return b""
    finally:
        if not receiving.done():
            receiving.cancel()
            with suppress(asyncio.CancelledError, *FAILED):
                await receiving


def _is_allowed(writer: asyncio.StreamWriter) -> bool:
    """Accept no other user of this host, where the kernel tells who is at the other end."""
    far, near = (writer.get_extra_info(name)[:2] for name in ("peername", "sockname"))
    told = sockets.IS_TOLD and sockets.is_here(far[0])
    return not told or sockets.owner(far, near) == this_host.user()


def _words(error: Any) -> str:
    """Return an error in a line that is safe to print."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(one if one.isprintable() else "?" for one in text)[:500]
