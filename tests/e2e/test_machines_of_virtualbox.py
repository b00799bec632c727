"""VirtualBox beyond the contract: a machine's settings, its removal, a host without the driver.

The tests check with VirtualBox's own commands.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from abcd_run.backend import record
from abcd_run.testing.cli import Ended, abcd_run, launch
from abcd_run.testing.picture import pixels
from abcd_run_virtualbox import parse
from tests.engines_here import need
from tests.guests import tiny

ON = ("--on", "virtualbox")
IN_A_ROW = 20
AT_ONCE = 4
BOOT_SECONDS = "20"
"""When GRUB has the screen, and reads the kernel, which is then unpacked for minutes."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", autouse=True)
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the image `tiny` known, where there is a VirtualBox."""
    need("virtualbox")
    folder = tiny.make(tmp_path_factory.mktemp("guest") / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ABCD_RUN_PROFILES", str(folder))
        yield


def _manage(*arguments: str) -> str:
    ended = subprocess.run(["VBoxManage", *arguments], capture_output=True, text=True, check=True)
    return ended.stdout


def _home() -> Path:
    return Path(parse.machine_folder(_manage("list", "systemproperties"))) / "abcd-run"


def _registry() -> list[object]:
    """Return everything that VirtualBox keeps: machines, media, and our files."""
    listed = [_manage("list", kind) for kind in ("vms", "dvds", "hdds")]
    return [*listed, sorted(_home().glob("**/*"))]


@pytest.fixture
def unchanged() -> Iterator[None]:
    """Check that VirtualBox's registry is afterwards what it was before."""
    before = _registry()
    yield
    assert _registry() == before


@pytest.mark.usefixtures("unchanged")
def test_a_machine_is_what_its_plan_says() -> None:
    name = f"shape-{os.getpid()}"
    (machine,) = launch(
        *ON, "--name", name, "--no-wait", "--memory", "96MiB", "--cpus", "2", "tiny"
    )  # fmt: skip
    try:
        facts = parse.facts(_manage("showvminfo", name, "--machinereadable"))
        folder = _home() / name
        port = machine["endpoints"][0]["url"].rstrip("/").rpartition(":")[2]
        wanted = {
            "name": name,
            "groups": "/abcd-run",
            "UUID": machine["runtime_id"],
            "CfgFile": str(folder / f"{name}.vbox"),
            "memory": "96",
            "cpus": "2",
            "firmware": "BIOS",
            "boot1": "dvd",
            "boot2": "none",
            "boot3": "none",
            "boot4": "none",
            "graphicscontroller": "vmsvga",
            "defaultfrontend": "headless",
            "vrde": "off",
            "nic1": "nat",
            "nic2": "none",
            "Forwarding(0)": f"port-8080,tcp,127.0.0.1,{port},,8080",
            "uart1": "0x03f8,4",
            "uartmode1": f"file,{folder / 'console.log'}",
            "uart2": "off",
            "SATA-0-0": str(Path(os.environ["ABCD_RUN_PROFILES"]) / "tiny.iso"),
            "SATA-1-0": str(folder / "seed.iso"),
            "VMState": "running",
            "SessionName": "headless",
        }
        assert {key: facts.get(key) for key in wanted} == wanted
        assert "Forwarding(1)" not in facts
        assert "SATA-2-0" not in facts
        extra = parse.noted(_manage("getextradata", name, "enumerate"))
        labels = {key: value for key, value in extra.items() if key.startswith(record.PREFIX)}
        noted = record.read(labels)
        assert (noted.name, noted.image, noted.created) == (name, "tiny", machine["created"])
        assert set(labels) == {
            f"abcd-run.{key}"
            for key in ("version", "image", "variant", "name", "created", "profile")
        }
        assert machine["password"] not in "".join([*labels.values(), *facts.values()])
        assert (folder / "seed.iso").stat().st_mode & 0o077 == 0
    finally:
        assert abcd_run("stop", name).status == 0


@pytest.mark.soak
@pytest.mark.usefixtures("unchanged")
def test_many_in_a_row_leave_nothing() -> None:
    for _ in range(IN_A_ROW):
        (machine,) = launch(*ON, "--no-wait", "tiny")
        ended = abcd_run("stop", machine["name"])
        assert ended.status == 0, ended.err


@pytest.mark.usefixtures("unchanged")
def test_several_at_once_leave_nothing() -> None:
    machines = launch(*ON, "--no-wait", "--count", str(AT_ONCE), "tiny")
    names = [one["name"] for one in machines]
    ports = {one["endpoints"][0]["url"] for one in machines}
    ended = abcd_run("stop", *names)
    assert ended.status == 0, ended.err
    assert len(set(names)) == len(ports) == AT_ONCE


def test_prune_finds_what_kills_have_left(registry: str) -> None:
    """Prune a machine whose files are gone, and files whose machine is gone."""
    before = _registry()
    lost, left = f"lost-{os.getpid()}", _home() / f"left-{os.getpid()}"
    _manage("createvm", "--name", lost, "--groups", "/abcd-run", "--register")
    shutil.rmtree(_home() / lost)
    left.mkdir(parents=True)
    (left / "seed.iso").write_bytes(b"secret")
    for path in (left / "seed.iso", left):
        os.utime(path, (0, 0))
    _await_end_of_server(registry)
    assert "<inaccessible>" in _manage("list", "vms")
    ended = abcd_run("prune", *ON)
    assert ended.status == 0, ended.err
    assert _registry() == before


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give VirtualBox a separate registry, and return its mark in the environment."""
    name = f"test-{os.getpid()}-{os.urandom(3).hex()}"
    monkeypatch.setenv("VBOX_USER_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("VBOX_IPC_SOCKETID", name)
    _manage("setproperty", "machinefolder", str(tmp_path / "machines"))
    mark = f"VBOX_IPC_SOCKETID={name}"
    yield mark
    # VirtualBox leaves the folder of its sockets behind.
    _await_end_of_server(mark)
    shutil.rmtree(Path(tempfile.gettempdir(), f".vbox-{name}-ipc"))


def _await_end_of_server(mark: str) -> None:
    """Wait until VirtualBox has released its state: its server ends some seconds later."""
    deadline = time.monotonic() + 60
    while any(_has(process, mark) for process in psutil.process_iter()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _has(process: psutil.Process, mark: str) -> bool:
    name, _, value = mark.partition("=")
    try:
        ours = process.environ().get(name) == value
        return ours and any("VBoxSVC" in word for word in process.cmdline())
    except psutil.Error:
        return False


@pytest.fixture
def driverless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a host without VirtualBox's driver; its server must start that way."""
    if Path("/dev/vboxdrv").exists():
        pytest.skip("this host has VirtualBox's driver")
    monkeypatch.setenv("ABCD_RUN_TEST_NO_DRIVER", "1")


@pytest.mark.usefixtures("driverless", "registry")
def test_without_driver() -> None:
    """Only the output of a hidden process has the real reason."""
    before = _registry()
    ended = abcd_run("--json", *ON, "--name", f"no-driver-{os.getpid()}", "tiny")
    assert ended.status == 5, ended.err
    (error,) = ended.json["errors"]
    assert "kernel driver is not loaded" in error["message"]
    assert "-1908" in error["details"]
    assert "vboxconfig" in error["remedy"]
    assert _registry() == before


@pytest.mark.soak
@pytest.mark.usefixtures("unchanged")
def test_a_linux_begins_to_boot(tmp_path: Path) -> None:
    """Interpreted, it takes too long to wait for; but its screen shows that it boots."""
    name, picture = f"linux-{os.getpid()}", tmp_path / "screen.png"
    ended = abcd_run("--json", *ON, "--name", name, "--timeout", BOOT_SECONDS, "abcd4demo")
    try:
        assert _running(ended)
        assert abcd_run("screenshot", name, "-o", str(picture)).status == 0
        assert len(set(pixels(picture.read_bytes()))) > 1
    finally:
        assert abcd_run("stop", name).status == 0


def _running(ended: Ended) -> bool:
    assert ended.status == 6, ended.err
    (error,) = ended.json["errors"]
    assert "its last stage is running" in error["message"]
    assert "abcd-run logs" in error["remedy"]
    return [one["stage"] for one in ended.json["instances"]] == ["running"]
