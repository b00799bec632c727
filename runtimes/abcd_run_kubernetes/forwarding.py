"""The process of one forward: `python -m abcd_run_kubernetes.forwarding FOLDER`.

It goes into the background once it listens, and ends by SIGTERM, with its pod, or when its folder
is gone.
"""

import asyncio
import errno
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from abcd_run.backend import own_process
from abcd_run.errors import AbcdRunError
from abcd_run.host import locks
from abcd_run_kubernetes import kubeconfig
from abcd_run_kubernetes.folder import Folder, Spec
from abcd_run_kubernetes.kubeconfig import Place
from abcd_run_kubernetes.tunnel import Tunnel
from abcd_run_kubernetes.watching import ends

WAITING = 128
"""How many connections may wait to be accepted."""

LOOK_SECONDS = 1.0


def main(folder: str) -> int:
    """Forward until the end; return the exit status of the process that was started."""
    there = Folder(Path(folder))
    spec = there.spec()
    if spec is None:
        sys.stderr.write(f"{folder} is no forward\n")
        return 1
    os.umask(0o077)
    with locks.locked(there.alive, wait=False) as ours:
        if not ours:
            return 0
        try:
            place = kubeconfig.place()
            listening = _listening(spec)
        except AbcdRunError as error:
            sys.stderr.write(f"{error.message}\n")
            return 1
        if listening is None:
            return own_process.TAKEN
        return _in_background(there, spec, place, listening)


def _listening(spec: Spec) -> dict[int, socket.socket] | None:
    """Return a socket for each port of the pod; None if one cannot be had, which is printed."""
    family = socket.AF_INET6 if ":" in spec.address else socket.AF_INET
    made: dict[int, socket.socket] = {}
    for inside, port in spec.ports.items():
        try:
            made[int(inside)] = socket.create_server(
                (spec.address, port), family=family, backlog=WAITING
            )
        except OSError as error:
            sys.stderr.write(f"cannot listen at {spec.address} port {port}: {error}\n")
            sys.stdout.write(str(port) if error.errno == errno.EADDRINUSE else "0")
            return None
    return made


def _in_background(
    there: Folder, spec: Spec, place: Place, listening: dict[int, socket.socket]
) -> int:
    """Leave the forwarding to a child, and return once it has written where it listens."""
    tells, told = os.pipe()
    if os.fork():
        os.close(told)
        os._exit(0 if os.read(tells, 1) else 1)  # the lock is the child's now
    os.setsid()
    _leave_streams(there)
    ports = {str(inside): one.getsockname()[1] for inside, one in listening.items()}
    there.write("started", {"pid": os.getpid(), "ports": ports})
    os.write(told, b"1")
    os.close(told)
    os.close(tells)
    asyncio.run(_forward(there, spec, place, listening))
    return 0


def _leave_streams(there: Folder) -> None:
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    complaints = os.open(there.complaints, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number, stream in enumerate((nothing, nothing, complaints)):
        os.dup2(stream, number)


async def _forward(
    there: Folder, spec: Spec, place: Place, listening: dict[int, socket.socket]
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Tunnel(place, spec) as tunnel:
        for inside, one in listening.items():
            await tunnel.listen(inside, one)
        last = [
            asyncio.create_task(stop.wait()),
            asyncio.create_task(ends(tunnel.client, spec)),
            asyncio.create_task(_is_gone(there)),
        ]
        await asyncio.wait(last, return_when=asyncio.FIRST_COMPLETED)
        for task in last:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    there.remove()


async def _is_gone(there: Folder) -> None:
    """Return when the folder is gone."""
    while there.alive.exists():
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
