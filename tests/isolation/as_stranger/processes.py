"""Print everything that the host's processes reveal, until told to end.

One line of JSON: the arguments of programs, and the readable environments.
"""

import contextlib
import json
import os
import signal
import sys
import time

PAUSE_SECONDS = 0.005
arguments: set[bytes] = set()
environments: set[bytes] = set()
ME = os.getuid()


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def _look() -> None:
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
            arguments.add(file.read())
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            if os.stat(f"/proc/{name}").st_uid != ME:
                environments.add(file.read())


signal.signal(signal.SIGTERM, _end)
looks, began = 0, time.monotonic()
sys.stdout.write("looking\n")
sys.stdout.flush()
with contextlib.suppress(KeyboardInterrupt):
    while True:
        _look()
        looks += 1
        time.sleep(PAUSE_SECONDS)
json.dump(
    {
        "arguments": sorted(line.decode(errors="replace") for line in arguments),
        "environments": sorted(line.decode(errors="replace") for line in environments),
        "seconds_a_look": (time.monotonic() - began) / looks,
    },
    sys.stdout,
)
