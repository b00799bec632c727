"""What a goss file's resources are in an instance: questions, and facts from the answers."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from abcd_run.verify import reading, scripts
from abcd_run.verify.ask import Said
from abcd_run.verify.checks import PACKAGES, PORTS, PROCESSES, QUESTIONS, USERS, Question
from abcd_run.verify.goss import Resource
from abcd_run.verify.values import Facts

NONE = "nothing"
SHARED = {"package": PACKAGES, "user": USERS, "group": USERS, "port": PORTS, "process": PROCESSES}
"""The types whose facts a question for every image brings, and which."""

MILLISECONDS, TIMEOUT = 1000, 10_000

_TYPES = {"regular file": "file", "regular empty file": "file", "symbolic link": "symlink"}

UNREADABLE = "unreadable yes"
"""What a question about a file prints where its user may not read it."""

_FILE = """\
f=%s
if [ -e "$f" ] || [ -L "$f" ]; then
    stat -c 'mode 0%%a
size %%s
owner %%U
group %%G
filetype %%F' "$f"
    [ -L "$f" ] && echo "linked-to $(readlink "$f")"
    [ -r "$f" ] || echo 'unreadable yes'
    [ -f "$f" ] && echo "sha256 $(sha256sum <"$f" | cut -c 1-64)"
    %s
fi
:
"""
_CONTENTS = """[ -f "$f" ] && sed 's/^/contents /' "$f\""""


def question(resource: Resource) -> Question:
    """Return what to ask about a resource."""
    if resource.kind in SHARED:
        return next(one for one in QUESTIONS if one.name == SHARED[resource.kind])
    if resource.kind == "file":
        read = _CONTENTS if "contents" in resource.attributes else ":"
        script = _FILE % (shlex.quote(resource.name), read)
        return Question(resource.title, scripts.command(script), reading.numbered)
    seconds = resource.attributes.get("timeout", TIMEOUT)
    assert isinstance(seconds, int)
    line = ("/bin/sh", "-c", resource.name)
    return Question(resource.title, line, reading.numbered, seconds=seconds / MILLISECONDS)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one attribute of a resource must be; of a list, whether it has an item."""

    resource: Resource
    attribute: str
    want: str
    item: str | None = None

    @property
    def key(self) -> str:
        """What it is called in a result."""
        item = "" if self.item is None else f" {self.item}"
        return f"{self.resource.title}: {self.attribute}{item}"


def demands(resources: Sequence[Resource]) -> Iterator[Demand]:
    """Yield what each resource demands."""
    for one in resources:
        for attribute, what in one.attributes.items():
            if isinstance(what, tuple):
                for item in what:
                    want = _yes(not item.startswith("!"))
                    yield Demand(one, attribute, want, item.removeprefix("!"))
            elif attribute != "timeout":
                yield Demand(one, attribute, _yes(what) if isinstance(what, bool) else str(what))


def wanted(resources: Sequence[Resource]) -> dict[str, str]:
    """Return the facts that a file demands."""
    return {one.key: one.want for one in demands(resources)}


def answered(resources: Sequence[Resource], answers: Mapping[str, Said]) -> dict[str, str]:
    """Return what an instance has of what is demanded; `answers` by their questions' names."""
    facts, read = dict[str, str](), dict[str, Facts]()
    for resource in resources:
        asked = question(resource)
        if (said := answers.get(asked.name)) is None:
            continue
        if asked.name not in read:  # a list of packages is long
            read[asked.name] = asked.read(said)
        actual = _ACTUAL[resource.kind](resource.name, said, read[asked.name])
        facts |= {one.key: _found(one, actual) for one in demands([resource])}
    return facts


def _yes(true: bool) -> str:  # noqa: FBT001  (it is the value that is written)
    return "yes" if true else "no"


Actual = Mapping[str, str | tuple[str, ...]]
"""What a resource's attributes are; lists are of texts."""


def _found(demand: Demand, actual: Actual) -> str:
    value = actual.get(demand.attribute, NONE)
    if demand.item is not None:
        items = value if isinstance(value, tuple) else ()
        partly = demand.attribute in {"contents", "stdout"}
        return _yes(any(demand.item in one if partly else demand.item == one for one in items))
    assert isinstance(value, str)
    return _same_mode(value, demand.want) if demand.attribute == "mode" else value


def _same_mode(value: str, want: str) -> str:
    """Return the mode as it is wanted if it is the same number: 0755 is 755."""
    return want if value.lstrip("0") == want.lstrip("0") else value


def _package(name: str, _: Said, facts: Facts) -> Actual:
    version = facts.get(name)
    return {"installed": _yes(version is not None), "versions": (version,) if version else ()}


def _user(name: str, _: Said, facts: Facts) -> Actual:
    if (line := facts.get(f"user {name}")) is None:
        return {"exists": "no"}
    uid, gid, home, shell = (part.strip() for part in line.split(",", 3))
    groups = [
        key.removeprefix("group ") for key, value in facts.items() if _member(key, value, name, gid)
    ]
    return {
        "exists": "yes", "uid": uid.removeprefix("uid "), "gid": gid.removeprefix("gid "),
        "home": home, "shell": shell, "groups": tuple(groups),
    }  # fmt: skip


def _member(key: str, value: str, user: str, gid: str) -> bool:
    if not key.startswith("group "):
        return False
    own, *members = (part.strip() for part in value.split(","))
    return own == gid or user in members


def _group(name: str, _: Said, facts: Facts) -> Actual:
    value = facts.get(f"group {name}")
    if value is None:
        return {"exists": "no"}
    return {"exists": "yes", "gid": value.split(",")[0].removeprefix("gid ")}


def _file(_name: str, said: Said, _facts: Facts) -> Actual:
    lines = [line.partition(" ") for line in said.lines]
    facts: dict[str, str | tuple[str, ...]] = {
        key: value for key, _, value in lines if key != "contents"
    }
    kind = str(facts.get("filetype", ""))
    contents = tuple(value for key, _, value in lines if key == "contents")
    if facts:
        facts["filetype"] = _TYPES.get(kind, kind)
    return {**facts, "exists": _yes(bool(facts)), "contents": contents}


def _port(name: str, _: Said, facts: Facts) -> Actual:
    protocol, number = ("", *name.split(":"))[-2:]
    known = protocol in {"", "tcp", "tcp6"}
    return {"listening": _yes(known and number in facts)}


def _process(name: str, _: Said, facts: Facts) -> Actual:
    return {"running": _yes(name in facts)}


def _command(_name: str, said: Said, _facts: Facts) -> Actual:
    return {"exit-status": str(said.status), "stdout": said.lines}


_ACTUAL: Mapping[str, Callable[[str, Said, Facts], Actual]] = {
    "package": _package,
    "user": _user,
    "group": _group,
    "file": _file,
    "port": _port,
    "process": _process,
    "command": _command,
}
