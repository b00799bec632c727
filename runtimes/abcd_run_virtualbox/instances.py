"""Present machines as instances, from what VBoxManage reports."""

import os
import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from abcd_run.backend import record
from abcd_run.errors import ArtifactError
from abcd_run.model import SUSPENDED, Endpoint, Instance, RootHeld
from abcd_run_virtualbox import parse
from abcd_run_virtualbox.errors import Refused
from abcd_run_virtualbox.service import Manage
from abcd_run_virtualbox.translate import GROUP

RUNTIME = "virtualbox"
PAUSED = "paused"
RUNNING = {"running", "paused", "starting", "restoring", "saving", "stopping"}
ASKED_AT_ONCE = 4
NEEDED = {"name", "UUID", "CfgFile", "VMState"}


def listed(manage: Manage, *, detail: bool) -> list[Instance]:
    """Return all of our machines."""
    said = parse.machines(manage("list", "vms", doing="list its machines"))
    uuids = [uuid for uuid, name in said.items() if name != parse.INACCESSIBLE]
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        asked = [pool.submit(one, manage, uuid, detail=detail) for uuid in uuids]
    failed = [answer for answer in asked if isinstance(answer.exception(), Refused)]
    if failed and len(failed) == len(asked):
        failed[0].result()
    # A machine that VirtualBox cannot describe just now does not hide the others.
    answers = [answer.result() for answer in asked if answer not in failed]
    return [instance for instance in answers if instance]


def one(manage: Manage, key: str, *, detail: bool) -> Instance | None:
    """Return the machine with a UUID or name; None if it is missing or not ours."""
    facts = described(manage, key)
    if GROUP not in facts.get("groups", "").split(",") or not facts.keys() >= NEEDED:
        return None
    try:
        said = manage.patiently("getextradata", facts["UUID"], "enumerate", doing="read its labels")
    except Refused as error:
        if error.gone:
            return None
        raise
    return _instance(facts, parse.noted(said), detail=detail)


def described(manage: Manage, key: str) -> dict[str, str]:
    """Return the facts of a machine; empty if it or its files are gone."""
    try:
        said = manage.patiently("showvminfo", key, "--machinereadable", doing="describe a machine")
    except Refused as error:
        if error.gone or error.broken:
            return {}
        raise
    return parse.facts(said)


def folder(facts: Mapping[str, str]) -> Path:
    """Return the folder of a machine."""
    return Path(facts["CfgFile"]).parent


def _instance(facts: Mapping[str, str], extra: Mapping[str, str], *, detail: bool) -> Instance:
    running = facts["VMState"] in RUNNING
    labels = {key: value for key, value in extra.items() if key.startswith(record.PREFIX)}
    return Instance(
        name=facts["name"],
        runtime=RUNTIME,
        runtime_id=facts["UUID"],
        labels=labels,
        running=running,
        state=SUSPENDED if facts["VMState"] == PAUSED else facts["VMState"],
        ports=parse.forwards(facts),
        password=_password(folder(facts) / "seed.iso") if detail else "",
        host_root=_owner() if detail and running else None,
        root=RootHeld.USER if detail and running else RootHeld.UNKNOWN,
        screens=_screens(facts),
        silent=facts["VMState"] == PAUSED,
        began=running or (folder(facts) / "Logs" / "VBox.log").exists(),
    )


def _password(seed: Path) -> str:
    """Return the password from a machine's seed, the only place that stores it."""
    from abcd_run.iso.medium import opened  # noqa: PLC0415  (lists do not need it)

    try:
        with opened(seed) as medium:
            lines = medium.text("/abcd-seed").splitlines()
    except ArtifactError:
        return ""
    pairs = (line.partition("=") for line in lines)
    words = (shlex.split(value) for key, _, value in pairs if key == "ABCD_PASSWORD")
    return next((word[0] for word in words if word), "")


def _owner() -> int | None:
    """Return the uid that machines run as: VBoxSVC serves a single user."""
    return os.getuid() if hasattr(os, "getuid") else None


def _screens(facts: Mapping[str, str]) -> tuple[Endpoint, ...]:
    if facts.get("vrde") != "on":
        return ()
    address, port = facts.get("vrdeaddress", ""), facts.get("vrdeports", "")
    return (Endpoint("screen", "vnc", f"vnc://{address or '0.0.0.0'}:{port}"),)  # noqa: S104
