"""What every virtual machine is told, and how commands reach it."""

import json
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from abcd_run.backend import record, vm, vm_console, vm_seed, vm_ssh
from abcd_run.errors import ArtifactError, LaunchFailed, UsageError
from abcd_run.model import Instance, Resources, Seed, Service, Share
from tests.unit.plans import MACHINE

PLAN = replace(
    MACHINE,
    seed=Seed("demo-1", "abcd", "a 'secret' word", ssh_key="ssh-ed25519 AAAA me"),
    services=(Service("web", 8080, "http"), Service("ssh", 22, "ssh")),
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def instance() -> Iterator[Instance]:
    """Return an instance whose ssh port greets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        ports = {22: ("127.0.0.1", server.getsockname()[1])}
        labels = record.labels(PLAN)
        yield Instance("demo-1", "libvirt", "id", labels, running=True, ports=ports)


@pytest.fixture
def line(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setattr(vm_ssh, "_greets", lambda *_: True)
    return instance


def test_the_key_is_made_once_and_private() -> None:
    key = vm_ssh.own_key()
    assert key.stat().st_mode & 0o077 == 0
    before = key.read_bytes()
    assert vm_ssh.own_key().read_bytes() == before
    assert vm_ssh.public_key().startswith("ssh-ed25519 ")
    assert [one.name for one in key.parent.iterdir()] == [key.name]


def test_seed_values() -> None:
    shares = (Share(Path("/a"), "/mnt/a"), Share(Path("/b"), "/mnt/b", read_only=True))
    plan = replace(PLAN, shares=shares, env={"GREETING": "hello world"})
    values = vm_seed.seed_values(plan, key="KEY")
    assert values["ABCD_SHARE_0"] == "/mnt/a"
    assert values["ABCD_SHARE_1"] == "/mnt/b:ro"
    assert values["ABCD_ENV_GREETING"] == "hello world"
    assert values["ABCD_EXEC_KEY"] == "KEY"
    assert "ABCD_UID" in values
    assert "ABCD_UID" not in vm_seed.seed_values(PLAN, key="KEY")


def test_user_data_is_a_cloud_config() -> None:
    head, body = vm_seed.user_data(PLAN, key="KEY").split("\n", 1)
    assert head == "#cloud-config"
    read = json.loads(body)
    assert read["hostname"] == "demo-1"
    assert read["users"][0]["passwd"] == "a 'secret' word"
    assert read["users"][0]["ssh_authorized_keys"] == ["ssh-ed25519 AAAA me", "KEY"]


def test_a_live_kairos_has_no_password_that_everybody_knows() -> None:
    read = json.loads(vm_seed.user_data(PLAN, key="KEY").split("\n", 1)[1])
    _, step = read["stages"]["initramfs.after"]
    assert step["users"] == {"kairos": {"passwd": PLAN.seed.password}}
    assert step["if"] == "grep -q ^kairos: /etc/passwd"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"env": {"TEXT": "two\nlines"}}, "--env TEXT"),
        ({"address": "::1"}, "--address ::1: Engine forwards only ports of IPv4 addresses"),
        ({"resources": Resources(disk=1 << 30)}, "Engine starts live systems"),
    ],
)
def test_what_no_machine_can_have_is_refused(asked: dict[str, Any], said: str) -> None:
    vm.check(PLAN, engine="Engine")
    with pytest.raises(UsageError, match=said) as caught:
        vm.check(replace(PLAN, **asked), engine="Engine")
    assert caught.value.remedy


def test_without_ssh_keygen_no_machine_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(LaunchFailed, match="ssh-keygen is not installed"):
        vm.check(PLAN, engine="Engine")


def test_every_word_arrives_as_it_was(line: Instance, tmp_path: Path) -> None:
    words = ["printf", "%s|", "a b", "$HOME", "c'd", "", "*"]
    ssh = vm_ssh.line(line, words, user="abcd", tty=False, known_hosts=tmp_path / "k")
    ended = subprocess.run(["sh", "-c", ssh[-1]], capture_output=True, text=True, check=True)
    assert ended.stdout == "a b|$HOME|c'd||*|"
    assert ssh[-2] == "abcd@127.0.0.1"


def test_root_becomes_whoever_has_no_key(line: Instance, tmp_path: Path) -> None:
    def remote(user: str, *command: str) -> list[str]:
        return vm_ssh.line(line, command, user=user, tty=True, known_hosts=tmp_path)[-2:]

    assert remote("root", "id") == ["root@127.0.0.1", remote("abcd", "id")[1]]
    login, shell = remote("www", "id")
    assert login == "root@127.0.0.1"
    begin, switch = shell.split("; ", 1)
    assert begin == "cd ~www 2>/dev/null"  # of root's own shell: `su` keeps the folder
    assert shlex.split(switch)[:4] == ["su", "www", "-s", "/bin/sh"]
    assert remote("abcd")[-1] == "abcd@127.0.0.1"


def test_who_is_not_named_is_the_seeds_user(line: Instance, tmp_path: Path) -> None:
    """A live Kairos has no key of root's, and admits root by none."""

    def words(user: str) -> list[str]:
        return vm_ssh.line(line, ["id"], user=user, tty=False, known_hosts=tmp_path / "k")

    assert words("") == words("abcd")


def test_a_person_who_looks_like_an_option_is_none(line: Instance, tmp_path: Path) -> None:
    """A profile from anywhere may name one; ssh would run the command on this host."""
    trap = "-oProxyCommand=touch${IFS}trap"
    plan = replace(PLAN, seed=replace(PLAN.seed, user=trap))
    odd = replace(line, labels=record.labels(plan))
    words = vm_ssh.line(odd, ["id"], user=trap, tty=False, known_hosts=tmp_path / "k")
    assert words[words.index("--") + 1] == "root@127.0.0.1"
    assert trap not in " ".join(words[: words.index("--")])


@pytest.mark.parametrize("name", ['a "b"', "100% %h", "back\\slash", "~x", "$HOME", "a,b"])
def test_ssh_reads_the_path_of_known_hosts_as_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / name / "known_hosts"
    options = [word for one in vm_ssh._options(path) for word in ("-o", one)]
    line = ["ssh", "-F", "none", *options, "-G", "host"]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    (hosts,) = [one for one in said.splitlines() if one.startswith("userknownhostsfile ")]
    read = hosts.removeprefix("userknownhostsfile ").strip('"')
    assert read.replace("%%", "%") == str(path)


@pytest.mark.parametrize("name", ["${HOME}", "two\nlines"])
def test_paths_that_ssh_cannot_be_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ssh cannot keep its known hosts"):
        vm_ssh._options(tmp_path / name)


@pytest.mark.parametrize(
    "content", ["a\nb\n", "x\nABCD-RUN\ntouch trap\n", "ABCD-RUN\nABCD-RUN-\ny"]
)
def test_a_here_document_ends_where_it_is_meant_to(content: str, tmp_path: Path) -> None:
    script = "\n".join(vm.here_document("cat", content))
    ended = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ended.stdout == content.rstrip("\n") + "\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["a\nb: c", "\x1b[2J", "\udcff", "a\u2028b"])
@pytest.mark.parametrize("field", ["locale", "keyboard", "ssh_key"])
def test_what_the_seed_cannot_say_is_refused_by_name(
    field: str, value: str, tmp_path: Path
) -> None:
    seed: Any = replace(PLAN.seed, **{field: value})
    with pytest.raises(ArtifactError, match=f"ABCD_{field.upper()}"):
        vm_seed.write_seed(replace(PLAN, seed=seed), tmp_path / "seed.iso")
    assert not list(tmp_path.glob("seed*"))


@pytest.mark.parametrize("value", ["'; touch x; '", "a: [b", "- x", "{{ y }}", '"', "#", "é ü"])
def test_odd_values_stay_values(value: str) -> None:
    seed: Any = replace(PLAN.seed, locale=value, keyboard=value, ssh_key=value, hostname=value)
    files = vm_seed.seed_files(replace(PLAN, seed=seed))
    script = files["abcd-seed"] + 'printf %s "$ABCD_LOCALE"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == value
    assert json.loads(files["user-data"].partition("\n")[2])["hostname"] == value
    assert json.loads(files["meta-data"])["local-hostname"] == value


def test_a_console_that_grows_while_it_is_read_has_an_end(tmp_path: Path) -> None:
    """A machine that prints for ever would else hold up whoever looks."""
    log = tmp_path / "console.log"
    log.write_bytes(b"x" * 3 * vm_console.PIECE)
    read = 0
    with log.open("ab") as more:
        for piece in vm_console.read(log, follow=False, goes_on=lambda: True, pause=0):
            read += len(piece)
            more.write(b"y" * 2 * vm_console.PIECE)
            more.flush()
    assert read == 3 * vm_console.PIECE


def test_a_console_is_followed_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    log.write_bytes(b"one ")
    left = iter([True, True, False])

    def goes_on() -> bool:
        with log.open("ab") as more:
            more.write(b"more ")
        return next(left)

    printed = b"".join(vm_console.read(log, follow=True, goes_on=goes_on, pause=0))
    assert printed == b"one more more more "
    assert not list(vm_console.read(tmp_path / "no", follow=True, goes_on=goes_on, pause=0))


def test_a_console_is_followed_until_the_runtime_says_that_it_ended(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    log.write_bytes(b"all of it")
    one = Instance("demo-1", "libvirt", "id", {}, running=True)
    runtime = Mock(**{"instances.side_effect": [[one], [replace(one, running=False)]]})
    assert [*vm_console.of(one, log, runtime, follow=True, pause=0)] == [b"all of it"]
    runtime.instances.side_effect = [[one], []]
    assert [*vm_console.of(one, log, runtime, follow=True, pause=0)] == [b"all of it"]
    assert runtime.instances.call_args.args == ("id",)


def test_without_ssh_an_error_says_what_to_add(tmp_path: Path) -> None:
    plan = replace(PLAN, services=PLAN.services[:1])
    instance = Instance("demo-1", "libvirt", "id", record.labels(plan), running=True)
    with pytest.raises(LaunchFailed, match="no ssh service") as caught:
        vm_ssh.line(instance, ["id"], user="abcd", tty=False, known_hosts=tmp_path)
    assert "[services.ssh]" in caught.value.remedy


def test_a_port_that_says_nothing_does_not_greet(instance: Instance) -> None:
    address, port = instance.ports[22]
    assert not vm_ssh._greets(address, port, 0.1)
    assert not vm_ssh._greets(address, 1, 0.1)


def test_a_slow_machine_gets_longer_for_each_greeting(
    tmp_path: Path, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def greets(_address: str, _port: int, patience: float) -> bool:
        given.append(patience)
        return patience > 3

    monkeypatch.setattr(vm_ssh, "_greets", greets)
    monkeypatch.setattr(vm_ssh, "own_key", lambda: tmp_path / "key")
    vm_ssh.line(instance, ["id"], user="abcd", tty=False, known_hosts=tmp_path)
    assert given == sorted(given)
    assert 1 < len(given) < 6


@pytest.mark.skipif(not shutil.which("ssh"), reason="no ssh")
@pytest.mark.parametrize("name", ["plain", 'a"b', "a$b", "a b", "a%h", "a\\b", "a'b", "a#b"])
def test_ssh_finds_its_known_hosts(tmp_path: Path, name: str) -> None:
    place = tmp_path / name / "known_hosts"
    line = ["ssh", "-F", "none", "-G"]
    for option in vm_ssh._options(place):
        line += ["-o", option]
    said = subprocess.run([*line, "host"], check=True, capture_output=True, text=True).stdout
    assert f"userknownhostsfile {place}\n" in said


@pytest.mark.parametrize("name", ["a\nb", "a${HOME}b"])
def test_where_ssh_cannot_have_known_hosts(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        vm_ssh._options(tmp_path / name)
    assert "ABCD_RUN_CACHE" in caught.value.remedy


def test_a_spoilt_key_is_said() -> None:
    key = vm_ssh.own_key()
    key.write_text("garbage")
    with pytest.raises(LaunchFailed, match="ssh-keygen") as caught:
        vm_ssh.public_key()
    assert str(key.parent) in caught.value.remedy
