"""`wall`: one page that shows all running instances."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

from abcd_run.commands import options
from abcd_run.concurrency.cancel import LOOK_SECONDS, check
from abcd_run.errors import Interrupted
from abcd_run.model import Endpoint
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.report import for_people, for_scripts, streams
from abcd_run.viewing import viewer

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents
    from abcd_run.wall.server import Wall


def wall(
    *,
    port: options.Port = None,
    open_it: options.OpenWall = False,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Show all instances on one page, with live pictures, until Ctrl-C.

    Only you can see the page, and only on this host.

    \b
    abcd-run wall --open
    abcd-run wall --on podman,libvirt --port 8000
    """
    head = "the wall runs until Ctrl-C"
    with _served(options.split(on), port or 0) as server:
        _serve(server, server.url, head, open_it=open_it, as_json=as_json, quiet=quiet)
    return 0


def show_in_tab(name: str, asked: tuple[str, ...], *, as_json: bool, quiet: bool) -> int:
    """Show the screen of one instance in the browser, until Ctrl-C."""
    from abcd_run.wall import answers  # noqa: PLC0415  (it imports a server)

    with _served(asked) as server:
        instance = server.seen.find(name)
        answers.vnc_socket(name, instance.runtime, server.seen)  # raises what is missing
        url = f"{server.url}tab/{quote(name, safe='')}?on={instance.runtime}"
        head = f"the screen of {name} is in the browser until Ctrl-C"
        _serve(server, url, head, open_it=True, as_json=as_json, quiet=quiet)
    return 0


@contextmanager
def _served(asked: tuple[str, ...], port: int = 0) -> Iterator["Wall"]:
    # `wall --help` imports this module and must not import a server.
    from abcd_run.concurrency.threads import Lanes  # noqa: PLC0415
    from abcd_run.wall.instances import Seen  # noqa: PLC0415
    from abcd_run.wall.server import Wall  # noqa: PLC0415

    with Fleet(Registry.installed(), Lanes().start) as fleet:
        fleet.meant(asked)
        seen, complain = Seen(fleet, asked), for_people.print_error
        with Wall(seen, port=port, between=check, complain=complain) as server:
            yield server


def _serve(
    server: "Wall", url: str, head: str, *, open_it: bool, as_json: bool, quiet: bool
) -> None:
    try:
        _say(url, head, as_json=as_json, quiet=quiet)
        if open_it:
            Thread(target=_open, args=(url,), daemon=True).start()
        server.serve_forever(LOOK_SECONDS)
    except Interrupted:  # this is how it ends
        return


def _say(url: str, head: str, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        document: documents.Wall = {"url": url, "errors": []}
        for_scripts.print_json(document)
    elif quiet:
        streams.say(url)
    else:
        for_people.print_facts(head, {"page": url})
    streams.flush()


def _open(url: str) -> None:
    viewer.show(Endpoint("wall", "http", url), secret=True)
