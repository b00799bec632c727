"""The init for LXD, run by the shells that images have, with tools that only record calls."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from abcd_run.errors import ArtifactError
from abcd_run.oci.lxdinit import lxd_init
from abcd_run.oci.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "sh"]]
# What the script touches outside its own process: in a test, files in the test's own folder.
PLACES = ("/sys/class/net/eth0", "/dev/shm", "/etc/hosts", "/etc/abcd/seed")
TALE = "import os, sys; print(os.getcwd()); print(sys.argv[1:]); print(os.environ.get('A'))"


@pytest.fixture(params=SHELLS, ids=lambda shell: str(shell[0]))
def shell(request: pytest.FixtureRequest) -> list[str]:
    name, *options = request.param
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    command = [path, *options]
    standalone = subprocess.run(
        [*command, "-c", "PATH=/absent; ls /"], capture_output=True, check=False
    )
    if standalone.returncode == 0:
        pytest.skip(f"{name} prefers its own applets to PATH and would change this machine")
    return command


class Box:
    """A place whose PATH holds only what a test puts there, with the script's files inside it.

    The tests may run as root, so none of these lines may reach the machine's own network.
    """

    def __init__(self, folder: Path, shell: list[str]) -> None:
        self.folder, self.bin, self.shell = folder, folder / "bin", shell
        self.children: list[subprocess.Popen[str]] = []
        self.bin.mkdir()
        self.hosts = self._inside("/etc/hosts")

    def _inside(self, place: str) -> Path:
        return self.folder / place.strip("/").replace("/", "-")

    def tool(self, name: str, body: str) -> None:
        """Put a tool on PATH."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def start(self, config: Config, **environ: str) -> subprocess.Popen[str]:
        """Start init as an ordinary process."""
        env = (f"PATH={self.bin}", *config.env)
        (extra,) = lxd_init(replace(config, env=env))
        assert (extra.path, extra.mode) == ("sbin/init", 0o755)
        script = extra.data.decode()
        for place in PLACES:
            assert place in script
            script = script.replace(place, str(self._inside(place)))
        (self.folder / "init").write_text(script)
        child = subprocess.Popen(
            [*self.shell, str(self.folder / "init")],
            env={"LC_ALL": "C.UTF-8", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.children.append(child)
        return child

    def run(self, config: Config, **environ: str) -> tuple[int, str]:
        """Run init to its end."""
        child = self.start(config, **environ)
        out, _ = child.communicate(timeout=20)
        return child.returncode, out


@pytest.fixture
def box(tmp_path: Path, shell: list[str]) -> Iterator[Box]:
    box = Box(tmp_path, shell)
    yield box
    for child in box.children:
        if child.poll() is None:  # its test failed half-way through
            # And everything it started: a single survivor would hold the pipe open.
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate(timeout=60)


def python(code: str, *args: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *args)


def test_command_environment_and_folder(box: Box, tmp_path: Path) -> None:
    args = ("a b", "'\"$HOME`x`", "@USER@", "ä\n")
    folder = tmp_path / "work 'er"
    folder.mkdir()
    config = Config(
        entrypoint=python(TALE), cmd=args, env=("A=x '$y' @PWR@",), working_dir=str(folder)
    )
    assert box.run(config) == (0, f"{folder}\n{list(args)!r}\nx '$y' @PWR@\n")


def test_what_lxd_sets_wins(box: Box) -> None:
    config = Config(entrypoint=python(TALE), env=("A=image",))
    assert box.run(config, A="lxd")[1].splitlines()[-1] == "lxd"


def test_a_seed_in_a_file(box: Box, tmp_path: Path) -> None:
    """LXD has no way to set secret variables; whatever it does set wins."""
    (tmp_path / "etc-abcd-seed").write_text("A='from the seed'\nABCD_PASSWORD='x y'\n")
    config = Config(entrypoint=python(TALE), env=("A=image",))
    assert box.run(config)[1].splitlines()[-1] == "from the seed"
    assert box.run(config, ABCD_PASSWORD="given")[1].splitlines()[-1] == "image"


def test_names_that_no_shell_takes_are_refused() -> None:
    with pytest.raises(ArtifactError, match=r"'a\.b-c' is not a valid variable name"):
        lxd_init(Config(cmd=("true",), env=("a.b-c=1 2",)))


@pytest.mark.parametrize("signal", ["²", "SIGRTMIN+²", "9" * 5000, "SIGNO\nid"])
def test_what_is_no_signal_is_term(signal: str) -> None:
    (extra,) = lxd_init(Config(cmd=("true",), stop_signal=signal))
    assert b"kill -15 " in extra.data


def test_own_variables_do_not_touch_the_images(box: Box) -> None:
    names = ("user", "name", "id", "home", "child", "folder")
    code = f"import os; print([os.environ[name] for name in {names!r}])"
    config = Config(cmd=python(code), env=tuple(f"{name}=x" for name in names))
    assert box.run(config) == (0, f"{['x'] * 6!r}\n")


@pytest.mark.parametrize("status", [0, 3, 127])
def test_exit_status(box: Box, status: int) -> None:
    assert box.run(Config(cmd=python(f"import sys; sys.exit({status})")))[0] == status


# Block signals, then wait: with a handler and `pause`, a signal in between would be missed.
WAITING = r"""
import os, signal, sys
wanted = {signal.SIGTERM, signal.SIGQUIT}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
os.write(1, b'up\n')
os.write(1, signal.Signals(signal.sigwait(wanted)).name.encode() + b"\n")
sys.exit(5)
"""


@pytest.mark.parametrize("sent", [signal.SIGPWR, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("wanted", ["", "SIGQUIT"])
def test_stopping(box: Box, sent: signal.Signals, wanted: str) -> None:
    child = box.start(Config(cmd=python(WAITING), stop_signal=wanted))
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.send_signal(sent)
    out, _ = child.communicate(timeout=20)
    assert (child.returncode, out) == (5, f"{wanted or 'SIGTERM'}\n")


def test_orphans_are_reaped_and_do_not_end_it(box: Box) -> None:
    code = "import os, time; os.fork() or os._exit(0); time.sleep(0.3); print('end')"
    assert box.run(Config(cmd=python(code))) == (0, "end\n")


@pytest.mark.parametrize(
    ("tool", "body", "says"),
    [
        ("setpriv", 'echo "$@"', "--reuid=1234 --regid=1234 --init-groups"),
        ("setpriv", 'case "$*" in *init-groups*) exit 1;; esac; echo "$@"', "--clear-groups"),
        ("su-exec", 'echo "$@"', "1234:1234"),
        ("gosu", 'echo "$@"', "1234:1234"),
        ("chroot", 'echo "$@"', "--skip-chdir --userspec=1234:1234 /"),
    ],
)
def test_becoming_a_user(box: Box, tool: str, body: str, says: str) -> None:
    box.tool(tool, body)
    status, out = box.run(Config(cmd=("server", "-x"), user="1234:1234"))
    assert (status, f"{says} server -x\n" in out) == (0, True), out


def test_a_user_by_name(box: Box) -> None:
    """It reads this machine's /etc/passwd, as it would read the image's."""
    import pwd

    some = next(entry for entry in pwd.getpwall() if entry.pw_uid not in {0, os.getuid()})
    box.tool("setpriv", 'echo "$1 $2 $HOME"')
    status, out = box.run(Config(cmd=("server",), user=some.pw_name))
    assert (status, out) == (
        0,
        f"--reuid={some.pw_uid} --regid={some.pw_gid} {some.pw_dir}\n",
    )


def test_never_root_instead_of_a_user(box: Box) -> None:
    status, out = box.run(Config(cmd=python("print('running')"), user="1234"))
    assert status == 126
    assert "cannot become user 1234" in out
    assert "running" not in out
    status, out = box.run(Config(cmd=python("print('running')"), user="no-such-user"))
    assert (status, "no no-such-user in /etc/passwd" in out) == (126, True)


def test_network_and_hosts(box: Box, tmp_path: Path) -> None:
    box.tool("ip", f'echo "$@" >>{tmp_path}/said')
    box.tool("udhcpc", f'echo "$@" >>{tmp_path}/dhcp')
    box.run(Config(cmd=python("")))
    assert (tmp_path / "said").read_text() == "link set lo up\n"
    assert not (tmp_path / "dhcp").exists()
    assert box.hosts.read_text().startswith("127.0.0.1 localhost ")


def test_dhcp_where_there_is_an_interface(box: Box, tmp_path: Path) -> None:
    box.tool("udhcpc", f'echo "$@" >{tmp_path}/dhcp.part; mv {tmp_path}/dhcp.part {tmp_path}/dhcp')
    box.tool("mv", f'exec {shutil.which("mv")} "$@"')
    (tmp_path / "sys-class-net-eth0").touch()
    (tmp_path / "etc-hosts").write_text("kept\n")
    waits = (
        f"import os, time\nwhile not os.path.exists({str(tmp_path / 'dhcp')!r}): time.sleep(0.01)"
    )
    assert box.run(Config(cmd=python(waits)))[0] == 0
    assert (tmp_path / "dhcp").read_text() == "-b -i eth0\n"
    assert box.hosts.read_text() == "kept\n"
