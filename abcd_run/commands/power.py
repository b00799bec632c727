"""`start`, `restart`, `suspend` and `resume`: instances end, stand still and go on."""

from collections.abc import Callable

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.commands.lifecycle import print_ready
from abcd_run.report import exit_status
from abcd_run.session import Instances, Session


def start(
    *,
    names: options.Names = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Start instances that have ended, with what was kept of them.

    Their addresses may be new. A machine keeps its home alone, if it was launched with --home.

    \b
    abcd-run start abcd4demo-podman-1
    """
    return _turned(lambda lab: lab.start(*(names or ()), on=options.split(on), check=False),
                   as_json=as_json, quiet=quiet)  # fmt: skip


def restart(
    *,
    names: options.Names = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Restart instances.

    \b
    abcd-run restart abcd4demo-podman-1
    """
    return _turned(lambda lab: lab.restart(*(names or ()), on=options.split(on), check=False),
                   as_json=as_json, quiet=quiet)  # fmt: skip


def suspend(
    *,
    names: options.Names = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Have instances stand still.

    They stay in memory and take no processor until they are resumed.

    \b
    abcd-run suspend abcd4desktop-libvirt-1
    """
    return _turned(lambda lab: lab.suspend(*(names or ()), on=options.split(on), check=False),
                   as_json=as_json, quiet=quiet)  # fmt: skip


def resume(
    *,
    names: options.Names = None,
    on: options.Runtimes = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Have suspended instances go on.

    \b
    abcd-run resume abcd4desktop-libvirt-1
    """
    return _turned(lambda lab: lab.resume(*(names or ()), on=options.split(on), check=False),
                   as_json=as_json, quiet=quiet)  # fmt: skip


def _turned(act: Callable[[Session], Instances], *, as_json: bool, quiet: bool) -> int:
    shown = Display(quiet=quiet)
    with Session(progress=shown) as lab:
        with shown:
            done = act(lab)
        print_ready(done, as_json=as_json)
    return exit_status.of_launched(done, done.errors)
