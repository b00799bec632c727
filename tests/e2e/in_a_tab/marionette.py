"""Debian's Firefox, driven by its own protocol: playwright drives builds of its own only.

Source: Firefox's documentation, remote/marionette: `LENGTH:JSON`, `[0, id, command, parameters]` to
it and `[1, id, error, result]` back.
"""

import json
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import until

FIREFOX = "/usr/bin/firefox-esr"
START_SECONDS = 60
STOP_SECONDS = 20
PORT_FILE = "MarionetteActivePort"
WISHES = {
    "marionette.port": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "browser.aboutwelcome.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class Firefox:
    """One Firefox with one tab."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._number = 0
        self._answer()  # its greeting
        self.do("WebDriver:NewSession")

    def do(self, command: str, **parameters: Any) -> Any:
        """Give a command; return its result. Fails with Firefox's own words."""
        self._number += 1
        sent = json.dumps([0, self._number, command, parameters])
        self._connection.sendall(f"{len(sent)}:{sent}".encode())
        _, _, error, result = self._answer()
        assert error is None, error
        return result

    def _answer(self) -> Any:
        digits = b""
        while not digits.endswith(b":"):
            digits += self._some(1)
        body = b""
        while len(body) < int(digits[:-1]):
            body += self._some(int(digits[:-1]) - len(body))
        return json.loads(body)

    def _some(self, most: int) -> bytes:
        piece = self._connection.recv(most)
        assert piece, "Firefox has gone"
        return piece

    def open(self, address: str) -> None:
        """Load a page."""
        self.do("WebDriver:Navigate", url=address)

    def ask(self, script: str) -> Any:
        """Return the value of a JavaScript expression on the page."""
        return self.do("WebDriver:ExecuteScript", script=f"return {script}", args=[])["value"]

    def type(self, words: str) -> None:
        """Press and release the key of each character."""
        keys = [
            {"type": kind, "value": "\ue007" if letter == "\n" else letter}
            for letter in words
            for kind in ("keyDown", "keyUp")
        ]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        self.do("WebDriver:PerformActions", actions=actions)

    def picture(self, file: Path) -> None:
        """Keep a picture of the page."""
        shot = self.do("WebDriver:TakeScreenshot", full=False)["value"]
        file.write_bytes(b64decode(shot))


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """Start a Firefox with a new profile, and end it."""
    profile.mkdir()
    lines = [f'user_pref("{name}", {json.dumps(value)});\n' for name, value in WISHES.items()]
    (profile / "user.js").write_text("".join(lines))
    line = [
        FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", str(profile),
    ]  # fmt: skip
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port = profile / PORT_FILE
            until(lambda: port.is_file() and bool(port.read_text()), within=START_SECONDS)
            address = ("127.0.0.1", int(port.read_text()))
            with socket.create_connection(address, timeout=START_SECONDS) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
            process.wait(timeout=STOP_SECONDS)
