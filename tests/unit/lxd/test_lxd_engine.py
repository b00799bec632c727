"""How the LXD backend handles LXD's answers: images, consoles, refusals, instances."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pylxd.exceptions import LXDAPIException, NotFound

from abcd_run.backend.record import IMAGE_ID
from abcd_run.errors import ArtifactError, LaunchFailed, NameTaken, PortTaken
from abcd_run.model import Artifact, Format, Instance
from abcd_run_lxd import console, images, inside, instances
from abcd_run_lxd.errors import passes, translated
from tests.unit.lxd.plans import PLAN, config

ID = "sha256:" + "0123456789abcdef" * 4
ALIAS = "abcd-run-demo-0123456789abcdef"


class Answer:
    """An answer from LXD, as `requests` presents it."""

    def __init__(self, body: Any, *, status_code: int = 200, content: bytes = b"") -> None:
        self.body, self.status_code, self.content = body, status_code, content

    def json(self) -> Any:
        return self.body


def refused(text: str) -> LXDAPIException:
    return LXDAPIException(Answer({"error": text}, status_code=400))


class Store:
    """The part of LXD's API for images."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}
        self.known: dict[str, dict[str, str]] = {}
        self.imports = 0
        self.refuses = ""
        self.api = self

    def __getattr__(self, name: str) -> "Node":
        return Node(self, name)


class Node:
    def __init__(self, store: Store, path: str) -> None:
        self.store, self.path = store, path

    def __getattr__(self, name: str) -> "Node":
        return Node(self.store, f"{self.path}/{name}")

    __getitem__ = __getattr__

    def get(self, **_: Any) -> Answer:
        match self.path.split("/"):
            case ["images", "aliases", alias] if alias in self.store.named:
                return Answer({"metadata": {"target": self.store.named[alias]}})
            case ["images"]:
                listed = [self.facts(*known) for known in self.store.known.items()]
                return Answer({"metadata": listed})
            case ["operations", fingerprint, "wait"]:
                done = {"status_code": 200, "metadata": {"fingerprint": fingerprint}}
                return Answer({"metadata": done})
        raise NotFound(Answer({"error": "not found"}, status_code=404))

    def facts(self, key: str, told: dict[str, str]) -> dict[str, Any]:
        named = [{"name": name} for name, target in self.store.named.items() if target == key]
        return {"fingerprint": key, "properties": told, "aliases": named, "uploaded_at": key}

    def delete(self) -> Answer:
        fingerprint = self.path.partition("/")[2]
        del self.store.known[fingerprint]
        return Answer({"operation": f"/1.0/operations/{fingerprint}"})

    def post(
        self,
        *,
        json: Any = None,
        data: Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> Answer:
        if data is None:
            self.store.named[json["name"]] = json["target"]
            return Answer({})
        fingerprint = b"".join(data).decode()
        if self.store.refuses:
            raise refused(self.store.refuses)
        self.store.imports += 1
        self.store.known[fingerprint] = dict(parse_qsl((headers or {}).get("X-LXD-properties")))
        return Answer({"operation": f"/1.0/operations/{fingerprint}?project=x"})


def artifact(content: bytes = b"f1") -> Artifact:
    name = "localhost/demo:latest"
    return Artifact(Format.LXD, name, id=ID, stream=lambda: iter([content]))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("ABCD_RUN_CACHE", str(tmp_path))
    return Store()


def provided(store: Store, wanted: Artifact) -> tuple[str, list[str]]:
    told: list[str] = []
    return images.provided(store, wanted, say=told.append), told


def test_an_image_is_imported_once(store: Store) -> None:
    assert provided(store, artifact())[0] == "f1"
    digest, told = provided(store, artifact())
    assert (digest, told) == ("f1", [])
    assert store.imports == 1
    assert store.named == {ALIAS: "f1"}


def test_an_image_is_not_what_its_properties_claim(store: Store) -> None:
    """Any image may claim that it was made from this one."""
    store.known["f7"] = {IMAGE_ID: ID}
    assert provided(store, artifact())[0] == "f1"
    assert store.named == {ALIAS: "f1"}


def test_an_image_whose_launch_was_killed_before_it_had_its_name(store: Store) -> None:
    """LXD already has the same bytes, and refuses a second copy."""
    fingerprint = hashlib.sha256(b"f1").hexdigest()
    store.refuses = "Image with same fingerprint already exists"
    assert provided(store, artifact())[0] == fingerprint
    assert store.named == {ALIAS: fingerprint}


def test_other_refusals_of_an_import(store: Store) -> None:
    store.refuses = "No space left on device"
    with pytest.raises(LXDAPIException, match="No space"):
        provided(store, artifact())
    assert store.named == {}


def test_a_conversion_that_fails_leaves_no_name(store: Store) -> None:
    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise ArtifactError("a layer is corrupt")

    with pytest.raises(ArtifactError, match="corrupt"):
        provided(store, replace(artifact(), stream=broken))
    assert store.named == {}


def test_prune_keeps_the_newest_of_each_image_and_what_is_not_ours(store: Store) -> None:
    made = {"f1": "demo-1", "f2": "demo-2", "f3": "other-1"}
    store.known = {key: mine(key) for key in made} | {"f0": {}, "f4": {}}
    store.named = {f"abcd-run-{name}": key for key, name in made.items()}
    store.named["abcd-run-demo-0"] = "f0"  # named like ours, but made by somebody else
    images.prune(store)
    assert sorted(store.known) == ["f0", "f2", "f3", "f4"]


def mine(key: str) -> dict[str, str]:
    return {IMAGE_ID: f"sha256:{key}", images.OWNER: str(os.getuid())}


def test_prune_leaves_the_images_of_others(store: Store) -> None:
    """All members of LXD's group share one store."""
    theirs, nobodys = {**mine("f1"), images.OWNER: "4294967294"}, {IMAGE_ID: "sha256:f2"}
    store.known = {"f1": theirs, "f2": nobodys, "f3": mine("f3"), "f4": {**theirs}}
    store.named = {f"abcd-run-demo-{key}": key for key in store.known}
    images.prune(store)
    assert sorted(store.known) == ["f1", "f2", "f3", "f4"]


def test_an_image_is_marked_as_its_importers(store: Store) -> None:
    provided(store, artifact())
    assert store.known["f1"][images.OWNER] == str(os.getuid())


def test_what_is_no_lxd_image_is_refused(store: Store) -> None:
    with pytest.raises(ArtifactError, match="lxd cannot use"):
        provided(store, Artifact(Format.ISO, "demo", path=Path("/x.iso")))


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("localhost/demo:latest", ALIAS),
        ("registry.example/a/Demo_x@sha256:1", "abcd-run-demo-x-0123456789abcdef"),
    ],
)
def test_aliases(name: str, alias: str) -> None:
    assert images.alias_of(replace(artifact(), name=name)) == alias


def test_an_alias_without_a_digest_ends_well() -> None:
    assert images.alias_of(replace(artifact(), id="")) == "abcd-run-demo"


def test_properties_of_the_conversion() -> None:
    lists = {"oci.environment": ["A=b=c"], "oci.ports": ["80/tcp"], "oci.start": ["/init"]}
    told = {key: json.dumps(value) for key, value in lists.items()}
    image = images.from_properties(told, "demo")
    assert image == images.Image({"A": "b=c"}, ("80/tcp",), ("/init",))
    assert images.from_properties({}, "demo") == images.UNKNOWN


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("listen tcp 127.0.0.1:8080: bind: address already in use", PortTaken),
        ('Instance "x" already exists', NameTaken),
        ("Something else", LaunchFailed),
    ],
)
def test_refusals(text: str, kind: type[LaunchFailed]) -> None:
    with pytest.raises(LaunchFailed) as raised, translated("start the instance"):
        raise refused(text)
    assert type(raised.value) is kind
    assert raised.value.details == text
    assert raised.value.remedy


def test_what_passes_by_waiting() -> None:
    assert passes(refused('Instance is busy running a "start" operation'))
    assert not passes(refused("Permission denied"))


COMMAND = ("printf", "%s", "a b")


def line(*command: str, user: str = "", tty: bool = False) -> list[str]:
    return inside.line(["lxc"], "n", command, user=user, folder="", tty=tty)


def test_commands_inside() -> None:
    begin = ["lxc", "exec", "n", "-T", "--cwd", "/"]
    assert line(*COMMAND) == [*begin, "--", *COMMAND]
    assert line(*COMMAND, user="root") == [*begin, "--", *COMMAND]
    assert line(*COMMAND, user="33:7") == [*begin, "--user", "33", "--group", "7", "--", *COMMAND]
    assert line(*COMMAND, user="abcd")[-4:] == ["SHELL=/bin/sh", *COMMAND]


def test_shells_inside() -> None:
    assert line(user="abcd", tty=True) == ["lxc", "exec", "n", "-t", "--", "su", "-l", "abcd"]
    assert line()[:6] == ["lxc", "exec", "n", "-T", "--", "/bin/sh"]


FACTS: dict[str, Any] = {
    "name": "demo-lxd-1",
    "status": "Running",
    "config": config(),
    "devices": {},
    "state": {
        "pid": 2**30,
        "network": {
            "lo": {"addresses": [{"family": "inet", "scope": "local", "address": "127.0.0.1"}]},
            "eth0": {
                "addresses": [
                    {"family": "inet6", "scope": "link", "address": "fe80::1"},
                    {"family": "inet", "scope": "global", "address": "10.0.0.7"},
                ]
            },
        },
    },
}


def test_an_instance_without_published_ports_is_reached_at_its_own_address() -> None:
    instance = instances.instance(FACTS)
    assert instance.ports == {8080: ("10.0.0.7", 8080), 22: ("10.0.0.7", 22)}
    assert instance.password == PLAN.seed.password
    assert instance.running


def test_root_inside_is_whom_lxd_mapped_it_to_where_its_process_is_not_to_be_seen() -> None:
    def mapped(text: str) -> int | None:
        config = {**FACTS["config"], "volatile.idmap.current": text}
        return instances.instance({**FACTS, "config": config}).host_root

    group = '{"Isuid":false,"Isgid":true,"Hostid":0,"Nsid":0,"Maprange":9}'
    user = '{"Isuid":true,"Isgid":false,"Hostid":100000,"Nsid":0,"Maprange":65536}'
    assert mapped(f"[{group},{user}]") == 100000
    assert mapped(user.replace("100000", "0").join("[]")) == 0
    for nothing in ("[]", "", "{}", "[5]", f"[{group}]", "x"):
        assert mapped(nothing) is None
    assert instances.instance(FACTS).host_root is None


def test_one_that_has_ended() -> None:
    instance = instances.instance(
        {**FACTS, "status": "Stopped", "state": {"pid": 0, "network": None}}
    )
    assert isinstance(instance, Instance)
    assert (instance.running, instance.state, instance.ports) == (False, "stopped", {})


def test_what_abcd_run_did_not_make_is_not_ours() -> None:
    assert instances.is_ours(FACTS)
    assert not instances.is_ours({**FACTS, "config": {"user.x": "y"}})


def test_a_copy_that_somebody_made_by_hand_is_not_ours() -> None:
    assert not instances.is_ours({**FACTS, "name": "copy"})


def test_what_another_member_of_the_group_launched_is_not_ours() -> None:
    theirs = {**FACTS["config"], "user.abcd-run-owner": "4294967294"}
    assert not instances.is_ours({**FACTS, "config": theirs})


class Console:
    """The part of LXD's API that returns console output, once."""

    def __init__(self, *printed: bytes) -> None:
        self.printed = list(printed)
        self.config: dict[str, str] = {}
        self.api = self
        self.instances = {"n": self}
        self.console = self
        self.busy = 0

    def get(self, *, is_api: bool = True) -> Answer:
        if is_api:
            return Answer({"metadata": {"config": dict(self.config), "status": "Running"}})
        if not self.printed:
            raise refused("open : no such file or directory")
        return Answer({}, content=self.printed.pop(0))

    def patch(self, *, json: Any) -> None:
        if self.busy:
            self.busy -= 1
            raise refused("Instance is busy running a start operation")
        self.config.update(json["config"])


def read(lxd: Console) -> bytes:
    return b"".join(console.read(lxd, "n", follow=False))


def test_a_log_that_was_read_can_be_read_again() -> None:
    lxd = Console(b"one\n", b"two\n")
    assert read(lxd) == b"one\n"
    assert read(lxd) == b"one\ntwo\n"
    assert read(lxd) == b"one\ntwo\n"


def test_a_log_is_kept_also_while_lxd_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "POLL_SECONDS", 0)
    lxd = Console(b"one\n")
    lxd.busy = 3
    assert read(lxd) == read(lxd) == b"one\n"


def test_the_oldest_of_a_long_log_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "KEPT", 8)
    lxd = Console(b"first\n", b"second\n")
    read(lxd)
    read(lxd)
    lxd.config = {key: text for key, text in lxd.config.items() if text}
    assert read(lxd) == b"second\n"
