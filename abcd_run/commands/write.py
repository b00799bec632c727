"""`write`: put an image on a USB stick, for machines that start from it."""

import sys
from typing import TYPE_CHECKING

from abcd_run.commands import machine_options, options
from abcd_run.commands.display import Display
from abcd_run.errors import UsageError
from abcd_run.report import for_people, for_scripts, streams
from abcd_run.session import Session
from abcd_run.units import format_size

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import machine_documents
    from abcd_run.session import ListedDisk, WrittenStick
    from abcd_run.stick.block import Disk


def write(
    *,
    words: machine_options.ImageAndDevice = None,
    listed: machine_options.List = False,
    serial: machine_options.Serial = None,
    large: machine_options.Large = False,
    persist: machine_options.Persist = False,
    seed: machine_options.Seed = None,
    password_file: machine_options.Password = None,
    hostname: machine_options.Hostname = "",
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Write IMAGE on the USB stick DEVICE, which loses all that is on it.

    It becomes a live system. Only whole disks are written that are USB or removable, and that this
    host does not use. You type the model's name first. What is written is read back and compared;
    the first MiB comes last, so that nothing starts from an interrupted stick.

    Each start makes its own password, unless the stick has a seed with one: --password-file,
    --hostname, --seed. Whoever has the stick has the password.

    \b
    abcd-run write --list
    abcd-run write abcd4demo /dev/sdX
    abcd-run write abcd4demo /dev/sdX --persist                 what is saved in the home stays
    abcd-run write abcd4demo /dev/sdX --serial 4C530001230      in scripts: asks nothing
    """
    if listed:
        return _list(as_json=as_json)
    image, device = _two(words or [])
    with Display(quiet=quiet) as shown, Session(progress=shown, profiles=profiles) as lab:
        done = lab.write(
            image, device, agree=lambda disk: _agreed(disk, serial), large=large,
            persist=persist, seed=seed, password_file=password_file, hostname=hostname,
        )  # fmt: skip
    if seed or password_file:
        for_people.print_notes([machine_options.SEED_IS_IN_IT])
    if as_json:
        for_scripts.print_json(_document(done))
    elif not quiet:
        facts = {"size": format_size(done.size), "took": f"{done.seconds:.0f} s, read back too"}
        if done.kept:
            facts["keeps"] = f"{format_size(done.kept)} for what is saved"
        for_people.print_facts(f"{done.variant} is on {done.disk.device}; pull it out", facts)
    return 0


def _two(words: list[str]) -> tuple[str, str]:
    if len(words) != 2:  # noqa: PLR2004
        raise UsageError("expected IMAGE and DEVICE", remedy="abcd-run write --list")
    return words[0], words[1]


def _agreed(disk: "Disk", serial: str | None) -> None:
    """Have the person say which disk is meant. Raises `UsageError` if it is another one."""
    if serial is not None:
        if not disk.serial or serial != disk.serial:
            raise UsageError(
                f"--serial {serial}: {disk.device} has {disk.serial or 'no serial number'}",
                remedy="abcd-run write --list",
            )
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked whether this is the right disk",
            details=_described(disk),
            remedy=f"--serial {disk.serial}" if disk.serial else "type it in a terminal",
        )
    name = disk.model or disk.name
    streams.complain(f"{_described(disk)}\nAll of it will be lost. To go on, type {name}")
    if sys.stdin.readline(1024).strip() != name:
        raise UsageError(
            "that is not its name: nothing was written", remedy="abcd-run write --list"
        )


def _described(disk: "Disk") -> str:
    maker = " ".join(filter(None, (disk.vendor, disk.model)))
    number = f", serial number {disk.serial}" if disk.serial else ""
    lines = [f"{disk.device}: {maker or 'unknown'}{number}, {format_size(disk.size)}"]
    for one in disk.partitions:
        inside = " ".join(filter(None, (one.filesystem, f'"{one.label}"' if one.label else "")))
        lines.append(f"  {one.name}: {format_size(one.size)} {inside}".rstrip())
    return "\n".join(lines)


def _list(*, as_json: bool) -> int:
    with Session() as lab:
        listed = lab.disks()
    if as_json:
        document: machine_documents.Disks = {"disks": [_entry(one) for one in listed], "errors": []}
        for_scripts.print_json(document)
        return 0
    rows = [
        [str(one.disk.device), f"{one.disk.vendor} {one.disk.model}".strip(), one.disk.serial,
         format_size(one.disk.size), one.refused or "can be written"]
        for one in listed
    ]  # fmt: skip
    for_people.print_table(("DEVICE", "MODEL", "SERIAL", "SIZE", "NOTE"), rows)
    return 0


def _entry(one: "ListedDisk") -> "machine_documents.Disk":
    disk = one.disk
    parts: list[machine_documents.DiskPartition] = [
        {"name": each.name, "size": each.size, "filesystem": each.filesystem, "label": each.label}
        for each in disk.partitions
    ]
    return {
        "device": str(disk.device), "vendor": disk.vendor, "model": disk.model,
        "serial": disk.serial, "size": disk.size, "kind": disk.kind, "partitions": parts,
        "refused": one.refused,
    }  # fmt: skip


def _document(done: "WrittenStick") -> "machine_documents.Written":
    return {
        "written": {
            "variant": done.variant, "device": str(done.disk.device), "model": done.disk.model,
            "serial": done.disk.serial, "size": done.size, "seconds": round(done.seconds, 1),
        },
        "errors": [],
    }  # fmt: skip
