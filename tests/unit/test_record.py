"""The record of an instance: what goes into labels comes out again, also of other versions."""

import json
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from abcd_run.backend import oci_engine, oci_inspect, record
from abcd_run.model import (
    Plan,
    Ready,
    Resources,
    Seed,
    Service,
    Share,
)
from tests.unit.plans import CONTAINER

PASSWORD = 'it\'s $ecret; "quoted" `x`'
PLAN = replace(
    CONTAINER,
    name="web-fake-1",
    image="web",
    variant="abcdic-web",
    seed=Seed("web-fake-1", "abcd", PASSWORD, ssh_key="ssh-ed25519 AAAA me@host", image="web"),
    profile="/somewhere/web.toml",
    services=(
        Service("web", 8080, "http", "/a b", open=True, kind="abcdic"),
        Service("ssh", 22, "ssh"),
    ),
    screen=("/usr/lib/it/shoot it", "--to", "-", 'a "b"'),
    ready=Ready("web", path="/drawn", timeout=7.5),
    resources=Resources(memory=2**30, cpus=1.5, shm=2**26),
    shares=(Share(Path("/home/me/my work"), "/mnt/my work", read_only=True),),
    env={"GREETING": "hello 'world'\n$HOME"},
    ports={8080: 10080},
    command=("sh", "-c", "echo 'a b'"),
    created="2026-01-02T03:04:05.678Z",
)


def test_round_trip() -> None:
    read = record.read(record.labels(PLAN))
    assert read.name == PLAN.name
    assert (read.image, read.variant, read.created) == ("web", "abcdic-web", PLAN.created)
    assert read.user == "abcd"
    assert read.services == PLAN.services
    assert read.ready == PLAN.ready
    assert read.screen == PLAN.screen
    assert read.resources == PLAN.resources


def test_a_services_kind_is_written_and_read_as_profiles_call_it() -> None:
    facts = json.loads(record.labels(PLAN)["abcd-run.profile"])
    assert [service["variant"] for service in facts["services"]] == ["abcdic", ""]
    assert not [service for service in facts["services"] if "kind" in service]
    assert [service.kind for service in record.read(record.labels(PLAN)).services] == ["abcdic", ""]


def test_labels_are_the_designs_and_hold_no_secret() -> None:
    labels = record.labels(PLAN)
    names = ("version", "image", "variant", "name", "created", "profile")
    assert set(labels) == {f"abcd-run.{name}" for name in names}
    assert PASSWORD not in json.dumps(labels)
    assert all(isinstance(value, str) for value in labels.values())


@pytest.mark.parametrize(
    ("created", "least", "most"),
    [
        ("2026-01-02T03:04:05.678Z", 86400, 1e10),
        (datetime.now(UTC).isoformat(), 0, 3600),
        ("2026-01-02T03:04:05", 0, 0),
        ("soon", 0, 0),
        ("", 0, 0),
    ],
    ids=["long ago", "just now", "no zone", "no time", "empty"],
)
def test_age(created: str, least: float, most: float) -> None:
    age = record.read(record.labels(replace(PLAN, created=created))).age
    assert least <= age <= most


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        '{"services": null, "ready": null}',
        '{"services": 5, "ready": 5, "user": null}',
        '{"services": ["web"], "ready": ["web"]}',
        '{"services": [{"name": "web"}], "ready": {"nosuch": 1}}',
        '{"services": [{"name": "web", "port": 8080, "newer": true}], "ready": {"newer": 1}}',
        '{"services": [{"name": "web", "port": "8080"}], "ready": {"timeout": "soon"}}',
        '{"services": [], "ready": {"console": "("}}',
        '{"services": [{"name": "web", "port": 0}, {"name": "ssh", "port": 99999}]}',
        '{"services": [{"name": "web", "port": true}]}',
        '{"resources": {"memory": -1, "cpus": "many", "disk": true, "gpus": 4}}',
        '{"resources": [1]}',
        '{"resources": {"memory": 1e999, "cpus": NaN}}',
        "[" * 100_000,
    ],
)
def test_what_another_version_wrote_is_read_as_far_as_it_goes(text: str) -> None:
    read = record.read({"abcd-run.profile": text, "abcd-run.image": "web"})
    assert read.image == "web"
    assert isinstance(read.ready.timeout, int | float)
    assert [service.port for service in read.services] == ([8080] if "newer" in text else [])


def test_a_label_is_believed_only_as_far_as_it_fits() -> None:
    """Whoever makes an image or a container may write some."""
    facts = {
        "user": "-oProxyCommand=touch /tmp/x",
        "account": "--privileged",
        "homedir": "home",
        "services": [
            {"name": "a", "port": 1, "protocol": "vnc+unix:-Log=*:file:/home/me/.profile"},
            {"name": "b", "port": 2, "protocol": "http", "path": "@evil.example/"},
            {"name": "c", "port": 3, "protocol": "http", "path": "/@fine"},
        ],
        "ready": {"path": "@evil.example/"},
    }
    read = record.read({"abcd-run.profile": json.dumps(facts)})
    assert (read.user, read.account, read.homedir) == ("", "", "")
    assert read.services == (
        Service("a", 1, "tcp"),
        Service("b", 2, "http", "/"),
        Service("c", 3, "http", "/@fine"),
    )
    assert read.ready == Ready()


@pytest.mark.parametrize("person", ["abcd", "root", "_apt", "a.b-c"])
def test_people_go_by_many_names(person: str) -> None:
    labels = {"abcd-run.profile": json.dumps({"user": person, "account": person})}
    assert (record.read(labels).user, record.read(labels).account) == (person, person)


@pytest.mark.parametrize("screen", ["null", '"shoot"', "5", "[1]", '["shoot", null]', "{}"])
def test_a_mangled_screen_is_none(screen: str) -> None:
    assert record.read({"abcd-run.profile": f'{{"screen": {screen}}}'}).screen == ()


@pytest.mark.parametrize(
    ("services", "kept"),
    [
        ([{"name": "w", "port": 80, "protocol": "-Log=*:stderr:100"}], [("w", 80, "tcp")]),
        ([{"name": "w", "port": 80, "protocol": "rdp+tls"}], [("w", 80, "tcp")]),
        ([{"name": "--w", "port": 80}], []),
        ([{"name": "w\n", "port": 80}], []),
        ([{"name": "w", "port": True}], []),
        ([{"name": "w", "port": 70000}], []),
        ([{"name": "w", "port": 80}] * 5000, [("w", 80, "tcp")] * 1000),
    ],
)
def test_services_that_somebody_else_wrote(services: Any, kept: list[Any]) -> None:
    read = record.read({"abcd-run.profile": json.dumps({"services": services})})
    assert [(one.name, one.port, one.protocol) for one in read.services] == kept


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"services": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"user": "' + "a" * (8 << 20) + '"}',
        '{"user": "-oProxyCommand=x", "account": ["abcd"]}',
        '{"user": {"a": 1}, "account": "root\\n"}',
        '{"ready": {"timeout": NaN}}',
        '{"ready": {"timeout": Infinity, "path": "x", "console": 5}}',
        '{"ready": {"timeout": -1, "service": "\\u001b", "lenient": 1}}',
        '{"ready": {"timeout": ' + "9" * 5000 + "}}",
        '{"screen": ["\\u0000"]}',
        '{"services": {"a": []}, "ready": [[]]}',
    ],
)
def test_what_somebody_else_wrote_is_the_default(text: str) -> None:
    read = record.read({"abcd-run.profile": text})
    assert read == record.read({})
    assert read.ready == Ready()


def test_labels_are_lines_of_some_length() -> None:
    labels = {"abcd-run.name": "a\nb", "abcd-run.image": "i" * 5000, "abcd-run.created": "\x1b[2J"}
    assert record.read(labels) == record.read({})


# The seed


def test_seed_is_shell() -> None:
    """A shell reads the file back, whatever the password is."""
    script = '. /dev/stdin; printf %s "$ABCD_PASSWORD"'
    ended = subprocess.run(
        ["/bin/sh", "-c", script], input=PLAN.seed.file(), capture_output=True, check=True
    )
    assert ended.stdout.decode() == PASSWORD
    assert set(PLAN.seed.environment()) == {
        f"ABCD_{name}"
        for name in (
            "HOSTNAME", "USER", "PASSWORD", "SSH_KEY", "KEYBOARD", "LOCALE", "IMAGE", "VARIANT",
            "RUNTIME",
        )
    }  # fmt: skip


def test_secrets_are_not_shown_by_accident() -> None:
    assert PASSWORD not in repr(PLAN)
    assert "ABCD_PASSWORD" in PLAN.environment()
    assert PLAN.environment()["GREETING"] == PLAN.env["GREETING"]


# The line that a person would type


def pasted(plan: Plan, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Paste the line into a shell; return the arguments and the variables that came of it."""
    program = folder / "fakectl"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >args\n/usr/bin/env -0 >env\n')
    program.chmod(0o755)
    ports = [service.port for service in plan.services]
    line = oci_engine.run_line([str(program)], plan, "localhost/x", ports=ports, extra=["--init"])
    subprocess.run(["/bin/sh", "-c", line], cwd=folder, check=True)
    args = (folder / "args").read_text().split("\0")[:-1]
    pairs = (pair.partition("=") for pair in (folder / "env").read_text().split("\0") if pair)
    return args, {key: value for key, _, value in pairs}


def test_run_line_can_be_pasted(tmp_path: Path) -> None:
    args, env = pasted(PLAN, tmp_path)
    assert env["ABCD_PASSWORD"] == PASSWORD
    assert env["GREETING"] == PLAN.env["GREETING"]
    options = dict(pairwise(args))
    assert args[:2] == ["run", "--detach"]
    assert options["--name"] == options["--hostname"] == "web-fake-1"
    assert options["--memory"] == str(2**30)
    assert options["--cpus"] == "1.5"
    assert options["--volume"] == "/home/me/my work:/mnt/my work:ro"
    assert args[-5:] == ["--init", "localhost/x", "sh", "-c", "echo 'a b'"]
    published = [args[i + 1] for i, word in enumerate(args) if word == "--publish"]
    assert published == ["127.0.0.1:10080:8080", "127.0.0.1::22"]
    labels = [args[i + 1] for i, word in enumerate(args) if word == "--label"]
    assert dict(label.split("=", 1) for label in labels) == record.labels(PLAN)


def test_no_secret_is_an_argument(tmp_path: Path) -> None:
    args, _ = pasted(PLAN, tmp_path)
    everything = "\0".join(args)
    assert PASSWORD not in everything
    assert shlex.quote(PASSWORD) not in everything
    assert "hello" not in everything
    assert "ABCD_PASSWORD" in args
    assert "GREETING" in args


def test_run_line_for_an_ipv6_address(tmp_path: Path) -> None:
    args, _ = pasted(replace(PLAN, address="::1"), tmp_path)
    assert "[::1]:10080:8080" in args


def test_bound_ports() -> None:
    bound = oci_inspect.bound_ports(
        {
            "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}],
            "22/tcp": [{"HostIp": "", "HostPort": "22"}],
            "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}],
            "1/tcp": None,
            "2/tcp": [],
        }
    )
    assert bound == {8080: ("127.0.0.1", 49153), 22: ("0.0.0.0", 22)}


def test_password_of_an_environment() -> None:
    assert oci_inspect.password(["A=1", "ABCD_PASSWORD=a=b", "B"]) == "a=b"
    assert oci_inspect.password(["A=1"]) == ""


@pytest.mark.parametrize("amount", [-1, 0, True, None, "much", 10**30, [1], {"a": 1}, 1.5])
def test_a_resource_that_is_none_is_left_out(amount: object) -> None:
    text = json.dumps({"resources": {"memory": amount, "disk": amount}})
    assert record.read({"abcd-run.profile": text}).resources == Resources()
