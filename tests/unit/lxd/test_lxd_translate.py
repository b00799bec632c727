"""A plan as LXD's configuration and devices."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.backend import record
from abcd_run.errors import UsageError
from abcd_run.model import Resources, Share
from abcd_run_lxd import native, ports, translate
from abcd_run_lxd.creation import Creation
from abcd_run_lxd.placement import Placement
from abcd_run_lxd.shares import Ownership
from tests.unit.lxd.plans import IMAGE, PLAN, config


def test_labels_come_back() -> None:
    assert translate.labels(config()) == record.labels(PLAN)


def seen_by_all(keys: dict[str, str]) -> str:
    """Return what LXD repeats in the arguments of each command inside."""
    return json.dumps({key: keys[key] for key in keys if key.startswith("environment.")})


def test_the_password_is_the_owners_and_in_no_label() -> None:
    keys = config()
    assert keys[translate.PASSWORD] == "secret-secret"
    assert "secret-secret" not in "".join(translate.labels(keys).values())


@pytest.mark.parametrize("low_level", [True, False])
def test_nothing_secret_is_where_lxd_shows_it_to_everybody(low_level: bool) -> None:
    plan = replace(PLAN, env={"TOKEN": "user-secret"}, command=("echo", "word-secret"))
    keys = config(plan, low_level=low_level)
    assert "secret" not in seen_by_all(keys)
    lines = keys["raw.lxc"].splitlines()
    assert "lxc.environment = TOKEN=user-secret" in lines
    assert ("lxc.environment = ABCD_PASSWORD=secret-secret" in lines) is low_level


def test_the_users_environment_wins_over_the_images() -> None:
    """LXD's own value would win inside a command, so it is set in only one place."""
    keys = config(replace(PLAN, env={"GREETING": "from the user", "ABCD_LOCALE": "tlh"}))
    assert "GREETING" not in seen_by_all(keys)
    assert "ABCD_LOCALE" not in seen_by_all(keys)
    assert "lxc.environment = GREETING=from the user" in keys["raw.lxc"].splitlines()
    assert keys["environment.PATH"] == "/bin"


def test_what_lxd_itself_gives_each_command_is_set_where_lxd_looks() -> None:
    keys = config(replace(PLAN, env={"PATH": "/opt/bin", "LANG": "tlh"}))
    assert (keys["environment.PATH"], keys["environment.LANG"]) == ("/opt/bin", "tlh")


def test_a_password_of_the_users_is_the_one_that_is_known() -> None:
    keys = config(replace(PLAN, env={"ABCD_PASSWORD": "mine"}))
    assert keys[translate.PASSWORD] == "mine"
    assert "secret-secret" not in json.dumps(keys)


@pytest.mark.parametrize("end", ["\n", "\r", "\0"])
def test_a_variable_of_several_lines_is_refused(end: str) -> None:
    with pytest.raises(UsageError, match="several lines"):
        config(replace(PLAN, env={"A": f"x{end}lxc.mount.entry = / host none bind 0 0"}))


@pytest.mark.parametrize("key", ["environment.A\nlxc.hook.pre-start", "limits.cpu\nx"])
def test_a_line_break_in_a_profiles_own_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match=r"not a valid variable|line breaks"):
        config(replace(PLAN, options={"config": {key: "x"}}))


@pytest.mark.parametrize("value", ["true", True, "1", "yes"])
def test_privileged_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="requires --rootful"):
        config(replace(PLAN, options={"config": {"security.privileged": value}}))
    assert config()["security.privileged"] == "false"
    meant = replace(PLAN, rootful=True, options={"config": {"security.privileged": "true"}})
    assert config(meant)["security.privileged"] == "true"


def test_the_profiles_own_configuration_is_added() -> None:
    options = {"config": {"security.nesting": True, "raw.lxc": "lxc.x = 1", "limits.memory": "1GB"}}
    keys = config(replace(PLAN, options=options, resources=Resources(memory=5)))
    assert keys["security.nesting"] == "true"
    assert keys["limits.memory"] == "1GB"
    first, second, *_ = keys["raw.lxc"].splitlines()
    assert first == "lxc.x = 1"
    assert "dev/shm" in second


def test_the_number_of_processes_is_bounded() -> None:
    assert config()["limits.processes"] == "4096"
    options = {"config": {"limits.processes": "9"}}
    assert config(replace(PLAN, options=options))["limits.processes"] == "9"


def test_what_counts_on_the_host_alone_is_dropped() -> None:
    (line,) = [one for one in config()["raw.lxc"].splitlines() if "cap.drop" in one]
    assert {"sys_module", "sys_rawio", "sys_time"} <= set(line.split())


def test_limits() -> None:
    keys = config(replace(PLAN, resources=Resources(memory=2**28, cpus=1.5, shm=2**20)))
    assert keys["limits.memory"] == "268435456"
    assert keys["limits.cpu.allowance"] == "150ms/100ms"
    assert "size=1048576 " in keys["raw.lxc"]


def test_nothing_low_level_where_it_is_forbidden() -> None:
    assert "raw.lxc" not in config(low_level=False)


def test_a_command_survives_the_way_to_the_init(tmp_path: Path) -> None:
    """LXC splits the line at spaces without quoting; a shell joins it again."""
    words = ("sh", "-c", 'printf "%s|" "$0" "$@"', "a  b", "*", "c'd", '"$HOME"')
    plan = replace(PLAN, command=words)
    keys = translate.config(plan, replace(IMAGE, start=("env", "--")), Ownership(), low_level=True)
    lines = keys["raw.lxc"].splitlines()
    (line,) = [one for one in lines if "init.cmd" in one]
    (value,) = [one.split("=", 2)[2] for one in lines if "=ABCD_RUN_" in one.replace(" ", "")]
    ended = subprocess.run(
        line.partition(" = ")[2].split(" "),
        env={"ABCD_RUN_COMMAND": value, "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == 'a  b|*|c\'d|"$HOME"|'


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0"])
def test_all_ports_are_one_device_and_come_back(address: str) -> None:
    plan = replace(PLAN, address=address)
    devices = translate.devices(plan, Placement(), Ownership(), {8080: 40001, 22: 40002})
    assert list(devices) == [translate.PORTS]
    assert translate.published(devices) == {8080: (address, 40001), 22: (address, 40002)}


def test_no_ports_no_device() -> None:
    assert translate.devices(PLAN, Placement(), Ownership(), {}) == {}
    assert translate.published({}) == {}


def test_what_the_profiles_do_not_give() -> None:
    cards = {"eth0": {"type": "nic", "network": "br0"}, "eth9": {"type": "none"}}
    placement = Placement(pool="fast", root={"pool": "slow"}, cards=cards)
    plan = replace(PLAN, resources=Resources(disk=2**30))
    devices = translate.devices(plan, placement, Ownership(), {})
    assert devices["root"] == {"type": "disk", "path": "/", "pool": "fast", "size": "1073741824"}
    assert (devices["eth0"], devices["eth9"]) == (cards["eth0"], cards["eth9"])


def test_shares() -> None:
    shares = (Share(Path("/a"), "/mnt/a"), Share(Path("/b"), "/mnt/b", read_only=True))
    devices = translate.devices(
        replace(PLAN, shares=shares), Placement(), Ownership(shift=True), {}
    )
    both = {"type": "disk", "shift": "true"}
    assert devices["share-1"] == {**both, "source": "/a", "path": "/mnt/a"}
    assert devices["share-2"] == {**both, "source": "/b", "path": "/mnt/b", "readonly": "true"}


def test_the_native_lines_are_shell_and_keep_the_secret_from_arguments(tmp_path: Path) -> None:
    """A shell runs them with a command that records its input."""
    lxc = tmp_path / "lxc"
    lxc.write_text('#!/bin/sh\necho "$*"\n[ "$1" = init ] && cat\nexit 0\n')
    lxc.chmod(0o755)
    reserved = ports.Reserved("127.0.0.1", (), {})
    plan = replace(PLAN, env={"ODD": "it's $HOME `id`"})
    made = Creation(("default",), config(plan), {"eth0": {"type": "none"}}, reserved)
    text = native.lines([str(lxc)], plan, made, "an-alias")
    ended = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    lines = ended.stdout.splitlines()
    assert lines[0] == "init --quiet an-alias demo-lxd-1 --profile default"
    assert lines[-1] == "start --quiet demo-lxd-1"
    told = dict(line.strip().split(": ", 1) for line in lines[1:-1] if line.startswith("  "))
    assert "lxc.environment = ODD=it's $HOME `id`" in json.loads(told['"raw.lxc"']).splitlines()
    assert json.loads(told['"user.abcd-run-password"']) == "secret-secret"


def test_the_native_lines_put_in_a_seed_where_lxd_forbids_the_rest(tmp_path: Path) -> None:
    lxc = tmp_path / "lxc"
    lxc.write_text('#!/bin/sh\n[ "$1 $2" = "file push" ] && { echo "$*"; cat; }\nexit 0\n')
    lxc.chmod(0o755)
    reserved = ports.Reserved("127.0.0.1", (), {})
    made = Creation((), config(low_level=False), {}, reserved, PLAN.seed.file())
    text = native.lines([str(lxc)], PLAN, made, "an-alias")
    ended = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    line, _, seed = ended.stdout.partition("\n")
    assert line.endswith("--mode 0600 - demo-lxd-1/etc/abcd/seed")
    assert seed == PLAN.seed.file().decode()


def test_the_native_lines_bring_an_image_that_lxd_has_not() -> None:
    first = native.import_lines(["lxc"], PLAN, "an-alias")
    assert first[0].startswith("abcd-run artifact --quiet abcdicdemo --to lxd --output ")
    assert first[1].endswith("--alias an-alias")
