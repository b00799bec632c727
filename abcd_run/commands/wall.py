"""`wall`: one page that shows all running instances."""

from threading import Thread
from typing import TYPE_CHECKING

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
    # `wall --help` imports this module and must not import a server.
    from abcd_run.concurrency.threads import Lanes  # noqa: PLC0415
    from abcd_run.wall.instances import Seen  # noqa: PLC0415
    from abcd_run.wall.server import Wall  # noqa: PLC0415

    asked = options.split(on)
    with Fleet(Registry.installed(), Lanes().start) as fleet:
        fleet.meant(asked)
        instances, complain = Seen(fleet, asked), for_people.print_error
        with Wall(instances, port=port or 0, between=check, complain=complain) as server:
            try:
                _say(server.url, as_json=as_json, quiet=quiet)
                if open_it:
                    Thread(target=_open, args=(server.url,), daemon=True).start()
                server.serve_forever(LOOK_SECONDS)
            except Interrupted:  # this is how it ends
                return 0
    return 0


def _say(url: str, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        document: documents.Wall = {"url": url, "errors": []}
        for_scripts.print_json(document)
    elif quiet:
        streams.say(url)
    else:
        for_people.print_facts("the wall runs until Ctrl-C", {"page": url})
    streams.flush()


def _open(url: str) -> None:
    viewer.show(Endpoint("wall", "http", url), secret=True)
