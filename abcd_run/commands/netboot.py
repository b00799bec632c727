"""`netboot`: serve an image to machines that start over a network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from abcd_run.commands import machine_options, options
from abcd_run.commands.display import Display
from abcd_run.concurrency.cancel import LOOK_SECONDS, check
from abcd_run.errors import Interrupted
from abcd_run.report import for_people, for_scripts, streams
from abcd_run.session import Session

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.netboot.server import Server
    from abcd_run.report import machine_documents


def netboot(
    *,
    image: options.Image,
    address: machine_options.Address = "127.0.0.1",
    port: machine_options.Port = None,
    pull: options.Pull = "missing",
    seed: machine_options.Seed = None,
    password_file: machine_options.Password = None,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Serve IMAGE to machines that start over a network, until Ctrl-C.

    It serves what `artifact --to netboot` writes, by HTTP, and prints the lines that the network's
    own dnsmasq needs for DHCP and TFTP. Whoever reaches the address can read the image.

    \b
    abcd-run netboot abcd4demo --address 192.0.2.1 --port 8000
    abcd-run netboot abcd4demo                        for this host alone: QEMU's own network
    """
    from abcd_run.netboot import server  # noqa: PLC0415  (not for --help)

    server.address(address)  # before anything is made
    with _folder(profiles=profiles, quiet=quiet) as (lab, folder):
        lab.artifact(image, "netboot", folder, pull=pull, seed=seed, password_file=password_file)
        if seed or password_file:
            for_people.print_notes([machine_options.SEED_IS_IN_IT])
        _serve(folder, image, address, port or 0, as_json=as_json, quiet=quiet)
    return 0


@contextmanager
def _folder(*, profiles: Path | None, quiet: bool) -> Iterator[tuple[Session, Path]]:
    """Return what writes the image, and a place in the cache, for as long as it is served."""
    from abcd_run.artifact import without_disk  # noqa: PLC0415  (not for --help)

    with (
        without_disk.held() as work,
        Display(quiet=quiet) as shown,
        Session(progress=shown, profiles=profiles) as lab,
    ):
        yield lab, work / "files"


def _serve(
    folder: Path, image: str, address: str, port: int, *, as_json: bool, quiet: bool
) -> None:
    from abcd_run.netboot.server import Server  # noqa: PLC0415  (not for --help)

    with Server(folder, address, port, between=check, told=_telling(quiet=quiet)) as server:
        try:
            _say(server, image, as_json=as_json, quiet=quiet)
            server.serve_forever(LOOK_SECONDS)
        except Interrupted:  # this is how it ends
            return


def _telling(*, quiet: bool) -> Callable[[str], None]:
    return (lambda _: None) if quiet else streams.complain


def _say(server: "Server", image: str, *, as_json: bool, quiet: bool) -> None:
    from abcd_run.kernel.netboot import dnsmasq  # noqa: PLC0415  (not for --help)

    lines = dnsmasq(server.url)
    if not server.is_loopback:
        for_people.print_notes([f"whoever reaches {server.url} can read {image}"])
    elif not quiet:
        for_people.print_notes(["only this host reaches this address; --address names another"])
    if as_json:
        document: machine_documents.Netboot = {"url": server.url, "dnsmasq": lines, "errors": []}
        for_scripts.print_json(document)
    elif quiet:
        streams.say(server.url)
    else:
        for_people.print_facts(f"{image} is served until Ctrl-C", {"url": server.url})
        streams.say("\n".join(["", "# /etc/dnsmasq.d/abcd-run.conf", *lines]))
    streams.flush()
