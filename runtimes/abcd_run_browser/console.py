"""What a tab's machine printed, as its tab told."""

import base64
import time
from collections.abc import Iterator

from abcd_run.errors import LaunchFailed
from abcd_run_browser import local
from abcd_run_browser.channel import CONSOLE_BYTES
from abcd_run_browser.folder import Folder

FOLLOW_SECONDS, PAUSE_SECONDS = 2.0, 0.2


def kept(there: Folder) -> Iterator[bytes]:
    """Yield what the server wrote down, in one piece."""
    try:
        with there.console.open("rb") as opened:
            printed = opened.read(CONSOLE_BYTES)
    except OSError:  # nothing was printed
        return
    yield printed


def followed(there: Folder) -> Iterator[bytes]:
    """Yield what is printed until the server ends, in pieces."""
    place = 0
    while True:
        question = {"ask": "console", "from": place, "seconds": FOLLOW_SECONDS}
        try:
            answer = local.ask(there.path, question)
        except LaunchFailed:
            if not there.runs():
                break
            time.sleep(PAUSE_SECONDS)
            continue
        place = int(answer["end"])
        if piece := base64.b64decode(answer["printed"]):
            yield piece
    if not place:  # it had ended before
        yield from kept(there)
