"""A SPICE viewer without a window, driven by lines on standard input.

Run it with the system's Python, which has Debian's bindings: `spice_viewer.py SOCKET`. It executes
one line after the other and echoes each when done; the end of standard input closes the viewer.

    size WIDTH HEIGHT   the viewer's window has that size now
    click X Y           the left button, there
    type TEXT           and Enter, on an American keyboard
    hear LEVEL          done once a sample is louder than LEVEL, of 32767
"""

import ctypes
import importlib
import sys
import threading
import time
from array import array
from collections.abc import Callable
from typing import Any

gi: Any = importlib.import_module("gi")
gi.require_version("SpiceClientGLib", "2.0")
spice: Any = importlib.import_module("gi.repository.SpiceClientGLib")
glib: Any = importlib.import_module("gi.repository.GLib")
listen: Any = importlib.import_module("gi.repository.GObject").Object.connect
"""SPICE's own `connect` shadows GObject's."""

ROWS = {2: "1234567890-=", 16: "qwertyuiop[]\n", 30: "asdfghjkl;'", 44: "zxcvbnm,./", 57: " "}
KEYS = {key: first + number for first, row in ROWS.items() for number, key in enumerate(row)}
"""The scan codes of a 1984 keyboard."""

PAUSE = 0.05
"""Seconds between keys: a PS/2 keyboard buffers eight and drops the rest."""

LEFT = 1
PRESSED = 1 << (LEFT - 1)


class Viewer:
    """A session and its channels."""

    def __init__(self, socket: str) -> None:
        self.loop = glib.MainLoop()
        self.main: Any = None
        self.inputs: Any = None
        self.agent = threading.Event()
        self.ready = threading.Event()
        self.loudest = 0
        self.louder = threading.Condition()
        self.session = spice.Session()
        self.session.set_property("unix-path", socket)
        listen(self.session, "channel-new", self._channel)
        self.session.connect()

    def _channel(self, _session: Any, channel: Any) -> None:
        listen(channel, "channel-event", self._event)
        if isinstance(channel, spice.MainChannel):
            self.main = channel
            listen(channel, "main-agent-update", self._agent)
        elif isinstance(channel, spice.InputsChannel):
            self.inputs = channel
            channel.connect()
        elif isinstance(channel, spice.DisplayChannel):
            channel.connect()
        elif isinstance(channel, spice.PlaybackChannel):
            listen(channel, "playback-data", self._samples)
            channel.connect()

    def _event(self, channel: Any, event: Any) -> None:
        if event != spice.ChannelEvent.OPENED:
            sys.stderr.write(f"spice_viewer: {event.value_nick}\n")
            self.loop.quit()
        elif channel is self.inputs:
            self.ready.set()

    def _agent(self, main: Any) -> None:
        if main.get_property("agent-connected"):
            self.agent.set()

    def _samples(self, _channel: Any, data: Any, size: int) -> None:
        # The bindings give a bare pointer, which is its own hash.
        samples = array("h", ctypes.string_at(hash(data), size))
        with self.louder:
            self.loudest = max(self.loudest, *map(abs, samples))
            self.louder.notify_all()

    def hear(self, level: int) -> None:
        with self.louder:
            self.louder.wait_for(lambda: self.loudest > level)

    def size(self, width: str, height: str) -> None:
        # A viewer that sees no agent inside does not tell it its size.
        self.main.update_display_enabled(0, True, False)  # noqa: FBT003
        self.main.update_display(0, 0, 0, int(width), int(height), False)  # noqa: FBT003
        self.main.send_monitor_config()

    def click(self, x: str, y: str) -> None:
        self.inputs.position(int(x), int(y), 0, 0)
        self.inputs.button_press(LEFT, PRESSED)
        self.inputs.button_release(LEFT, 0)

    def key(self, key: str) -> None:
        self.inputs.key_press_and_release(KEYS[key])


def follow(viewer: Viewer) -> None:
    """Execute standard input's lines, once the other end is ready."""

    def do(action: Callable[..., None], *words: str) -> None:
        done = threading.Event()

        def act() -> None:
            action(*words)
            done.set()

        glib.idle_add(act)
        done.wait()

    viewer.ready.wait()
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "size":
            viewer.agent.wait()
            do(viewer.size, *rest.split())
        elif word == "click":
            do(viewer.click, *rest.split())
        elif word == "type":
            for key in rest + "\n":
                do(viewer.key, key)
                time.sleep(PAUSE)
        elif word == "hear":
            viewer.hear(int(rest))
        sys.stdout.write(line)
        sys.stdout.flush()
    glib.idle_add(viewer.loop.quit)


def main() -> None:
    viewer = Viewer(sys.argv[1])
    threading.Thread(target=follow, args=[viewer], daemon=True).start()
    viewer.loop.run()


main()
