"""An instance's console output.

LXD delivers each piece only once: a reader takes it away from later readers. So everything read is
stored in the instance's own configuration, in pieces named by the time of reading.
"""

import time
from collections.abc import Iterator, Mapping

from pylxd import Client
from pylxd.exceptions import LXDAPIException

from abcd_run_lxd.errors import is_busy

READ = "user.abcd-run-console."
KEPT = 256 << 10
"""How many characters are kept; the oldest pieces are dropped first."""

POLL_SECONDS = 0.25
TRIES = 40


def read(client: Client, name: str, *, follow: bool) -> Iterator[bytes]:
    """Yield the output so far; with `follow`, until the instance ends."""
    facts = client.api.instances[name].get().json()["metadata"]
    earlier = kept(facts["config"])
    yield "".join(earlier.values()).encode()
    while True:
        running = facts["status"] == "Running"
        if new := _new(client, name):
            yield new
            if running:
                text = new.decode(errors="replace")
                _keep(client, name, earlier, text)
        if not (follow and running):
            return
        time.sleep(POLL_SECONDS)
        facts = client.api.instances[name].get().json()["metadata"]


def kept(config: Mapping[str, str]) -> dict[str, str]:
    """Return the pieces read earlier, oldest first."""
    return {key: config[key] for key in sorted(config) if key.startswith(READ)}


def _new(client: Client, name: str) -> bytes:
    """Return the unread output. LXD reports an error if there is none."""
    try:
        content: bytes = client.api.instances[name].console.get(is_api=False).content
    except LXDAPIException as error:
        if "no such file" in str(error) or "not running" in str(error):
            return b""
        raise
    return content


def _keep(client: Client, name: str, earlier: dict[str, str], text: str) -> None:
    key = f"{READ}{time.time_ns():020d}"
    earlier[key] = text
    change = {key: text}
    while sum(map(len, earlier.values())) > KEPT and len(earlier) > 1:
        oldest = next(iter(earlier))
        del earlier[oldest]
        change[oldest] = ""
    for _ in range(TRIES):
        try:
            client.api.instances[name].patch(json={"config": change})
        except LXDAPIException as error:
            if not is_busy(error):
                return  # the instance is gone or being removed
            time.sleep(POLL_SECONDS / 5)
        else:
            return
