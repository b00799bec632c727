"""Remove machines, and what killed launches have left of them."""

import shutil
import time
from contextlib import suppress
from pathlib import Path

from abcd_run.host import scratch
from abcd_run_virtualbox import instances, parse
from abcd_run_virtualbox.errors import Refused
from abcd_run_virtualbox.service import CALL, LOOK_SECONDS, PATIENCE_SECONDS, Manage, calls
from abcd_run_virtualbox.translate import CONTROLLER, DISCS, GROUP

YOUNG_SECONDS = 10.0
"""A folder that changed this recently may belong to a machine being created or removed."""


def home(manage: Manage) -> Path:
    """Return the folder that holds all our machines."""
    said = manage("list", "systemproperties", doing="report its machine folder")
    return Path(parse.machine_folder(said)) / GROUP.removeprefix("/")


def remove(manage: Manage, key: str) -> None:
    """Stop a machine and remove all of it; no-op if it is gone."""
    facts = instances.described(manage, key)
    if not facts:
        return
    uuid, folder = facts["UUID"], instances.folder(facts)
    with suppress(Refused):  # it is not running
        manage("controlvm", uuid, "poweroff", doing="stop the machine")
    _unregister(manage, uuid)
    for number in range(len(DISCS)):
        _forget(manage, facts.get(f"{CONTROLLER}-{number}-0", ""))
    if folder.parent.name == GROUP.removeprefix("/"):
        shutil.rmtree(folder, ignore_errors=True)


def _unregister(manage: Manage, uuid: str) -> None:
    """Unregister a machine as soon as its process releases it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            manage("unregistervm", uuid, "--delete", doing="remove the machine")
        except Refused as error:
            if error.gone:
                return
            if not error.locked or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(LOOK_SECONDS)
        with suppress(Refused):  # a pending start may have completed
            manage("controlvm", uuid, "poweroff", doing="stop the machine")


def _forget(manage: Manage, disc: str) -> None:
    """Remove a disc from VirtualBox's list, unless another machine uses it."""
    if disc and disc != "none":
        with suppress(Refused):
            manage("closemedium", "dvd", disc, doing="forget a disc")


def prune(manage: Manage) -> None:
    """Remove our machines without files, and our files without a machine.

    A folder with settings in it stays: VirtualBox may have another registry elsewhere.
    """
    scratch.discard_abandoned(calls(), CALL)
    there = home(manage)
    broken = parse.broken(manage("list", "--long", "vms", doing="list its machines"))
    for uuid, settings in broken.items():
        if Path(settings).parent.parent == there:
            with suppress(Refused):
                manage("unregistervm", uuid, doing="remove a machine without files")
    for folder in _folders(there):
        if not list(folder.glob("*.vbox*")) and _is_old(folder):
            for disc in folder.glob("*.iso"):
                _forget(manage, str(disc))
            shutil.rmtree(folder, ignore_errors=True)


def _folders(there: Path) -> list[Path]:
    try:
        return [path for path in sorted(there.iterdir()) if path.is_dir()]
    except OSError:
        return []


def _is_old(folder: Path) -> bool:
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False
    return time.time() - newest > YOUNG_SECONDS
