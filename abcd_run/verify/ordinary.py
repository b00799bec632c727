"""What only root can see, where nobody inside is root: it is not asked, and so does not differ."""

import re
from collections.abc import Iterable, Mapping, Sequence

from abcd_run.verify.ask import Said
from abcd_run.verify.goss import Resource
from abcd_run.verify.judge import UNREADABLE, demands, question
from abcd_run.verify.values import Answer, Facts, Row

FIRST_PORT = 1024
"""The lowest port that an ordinary user may open."""

UNKNOWN = "sha256 unknown"
LIST_STATUS, HASH_STATUS = "status of list files", "status of hash files"
READ_AND_ENTER = 0o5
_FOLDER = re.compile(r"folder, mode ([0-7]+), (\d+):\d+")

NO_PORT = "only root opens ports below 1024, and nobody there is root"
NO_PROCESS = "root runs it, and nobody there is root"
OWN_NUMBER = "the person is the only user there, under the number that the runtime gives them"
PERSONAL = ("uid", "group", "groups")
"""The facts about the session's user that follow from being the only one."""


def of_files(facts: Facts, others: Iterable[Facts], *, uid: str, why: str) -> Answer:
    """Return an answer about files without what its user could not read.

    That is the hash of what only others may read, if all else of it is as elsewhere, and everything
    in a folder that only others may enter. `uid` is the user's number.
    """
    elsewhere = list(others)
    shut = {path for path, value in facts.items() if _is_shut(value, uid)}
    unread = {path for path, value in facts.items() if value.endswith(UNKNOWN)}
    unseen = {path for path in unread if _is_the_same(facts[path], path, elsewhere)}
    for path in {path for one in elsewhere for path in one if path not in facts}:
        parts = path.split("/")
        if shut & {"/".join(parts[:depth]) for depth in range(2, len(parts))}:
            unseen.add(path)
    failed = {*((LIST_STATUS,) if shut else ()), *((HASH_STATUS,) if unread else ())}
    kept = {key: value for key, value in facts.items() if key not in failed}
    return Answer(kept, unseen=frozenset(unseen), blind=why)


def _is_shut(value: str, uid: str) -> bool:
    if not (folder := _FOLDER.fullmatch(value)):
        return False
    mode, owner = folder.groups()
    return owner != uid and int(mode, 8) & READ_AND_ENTER != READ_AND_ENTER


def _is_the_same(value: str, path: str, elsewhere: Sequence[Facts]) -> bool:
    """Say whether a file is as elsewhere but for its hash, which is not known."""
    begin = value.removesuffix("unknown")
    return all(one[path].startswith(begin) for one in elsewhere if path in one)


def of_demands(
    resources: Sequence[Resource], answers: Mapping[str, Said], facts: Facts, *, why: str
) -> Answer:
    """Return an answer to a file's demands without what only root could answer.

    Those are the file's commands, which root runs elsewhere, contents that the user may not read,
    and ports that only root opens.
    """
    unseen = {
        one.key
        for one in demands(resources)
        if one.resource.kind == "command"
        or (one.resource.kind == "port" and _is_roots(one.resource.name.rpartition(":")[2]))
        or (one.attribute in ("sha256", "contents") and _is_unreadable(one.resource, answers))
    }
    return Answer(facts, unseen=frozenset(unseen), blind=why)


def _is_unreadable(resource: Resource, answers: Mapping[str, Said]) -> bool:
    said = answers.get(question(resource).name)
    return resource.kind == "file" and said is not None and UNREADABLE in said.lines


def of_port(row: Row, alone: Iterable[str], asked: Iterable[str]) -> str:
    """Return why a port may be shut where nobody is root."""
    return NO_PORT if _is_roots(row.what) and _only_lacking(row, alone, asked) else ""


def of_process(
    row: Row, alone: Iterable[str], asked: Iterable[str], roots: Mapping[str, Facts]
) -> str:
    """Return why a process may lack where nobody is root; `roots` are root's, by runtime."""
    belongs = all(row.what in roots.get(runtime, {}) for runtime in row.values)
    return NO_PROCESS if belongs and _only_lacking(row, alone, asked) else ""


def of_user(row: Row, alone: Iterable[str]) -> str:
    """Return why the session's user may be another where there is only one."""
    others = {value for runtime, value in row.values.items() if runtime not in set(alone)}
    return OWN_NUMBER if row.what in PERSONAL and len(others) <= 1 else ""


def _only_lacking(row: Row, alone: Iterable[str], asked: Iterable[str]) -> bool:
    """Say whether something is the same wherever somebody is root, and nowhere else."""
    having, rooted = set(row.values), set(asked) - set(alone)
    return rooted <= having != set(asked) and len(set(row.values.values())) == 1


def _is_roots(port: str) -> bool:
    return port.isdecimal() and int(port) < FIRST_PORT
