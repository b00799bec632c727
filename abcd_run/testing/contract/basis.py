"""The base class of the contract's tests."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import psutil
import pytest

from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Backend, Runtime
from abcd_run.testing.cli import abcd_run, http_status, launch
from abcd_run.testing.present import demand

Document = dict[str, Any]

INSTANCE_KEYS = {
    "name", "image", "variant", "runtime", "stage", "created", "endpoints", "password",
    "host_root", "ready_seconds", "runtime_id", "resources", "home",
}  # fmt: skip
ERROR_KEYS = {"code", "message", "details", "remedy", "runtime", "name"}
# Not both: a TERM amid a busybox machine's end makes it start again.
DIE = ("sh", "-c", "poweroff || kill -TERM 1")
OURS = f"contract-{os.getpid()}-"
# A system has a console; a container without a terminal has only its first process's output.
SPEAKS = (
    'if [ -c /dev/console ]; then out=/dev/console; else out=/proc/1/fd/1; fi; echo "$0" >>$out'
)
NEVER = 'ready.console="a line that nothing prints"'


class Basis:
    """The tests; `image` is a small image with a web page behind the instance's password.

    A runtime that is too slow for it names a smaller image: what it `prints` when ready, and why it
    has no page and no system inside; the tests of those are skipped. A runtime that `undoes_slowly`
    may need more time to undo a launch than a signal allows: it must then name what may be left and
    the command that removes it.

    `no_archive` says why the image cannot exist on disk as an OCI archive. The shell lines
    `foreign` create an object called `$NAME` with the engine's own command, which is not
    abcd-run's; `foreign_gone` removes it again, and fails if it is gone. Without them, that test is
    skipped. An instance that restarts or ends has its files again where the runtime `keeps_files`
    and the image has a home. The lines `speaks` print `$0` on the console, run as root inside.

    Some runtimes lack what others have, and say why: a launch that is not waited for until the
    instance is ready, because a person begins it (`by_hand`; the test's own must do that); root
    inside who is nobody on this host (`no_root`); a command's output that comes at its end alone
    (`no_streams`); no folders of this host (`no_shares`); never more than `one_processor`; nobody
    inside but the image's user, who then reads and ends all that root does elsewhere (`one_user`);
    and a page that is not the image's (`own_page`).
    """

    runtime: ClassVar[str]
    image: ClassVar[str] = "abcd4demo"
    user: ClassVar[str] = "abcd"
    prints: ClassVar[str] = "abcd: ready"
    no_page: ClassVar[str] = ""
    no_system: ClassVar[str] = ""
    undoes_slowly: ClassVar[bool] = False
    keeps_files: ClassVar[bool] = True
    no_archive: ClassVar[str] = ""
    foreign: ClassVar[str] = ""
    foreign_gone: ClassVar[str] = ""
    speaks: ClassVar[str] = SPEAKS
    by_hand: ClassVar[str] = ""
    no_root: ClassVar[str] = ""
    no_streams: ClassVar[str] = ""
    no_shares: ClassVar[str] = ""
    one_processor: ClassVar[str] = ""
    one_user: ClassVar[str] = ""
    own_page: ClassVar[str] = ""

    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls) -> Iterator[Fleet]:
        """Connect to the runtime, or skip with the reason."""
        with Fleet(Registry.installed()) as fleet:
            demand(fleet, cls.runtime)
            yield fleet

    @pytest.fixture(scope="class")
    @classmethod
    def connected(cls, fleet: Fleet) -> Runtime:
        """Return the runtime itself, for tests that the command line cannot do."""
        return fleet.runtime(cls.runtime)

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, fleet: Fleet) -> Backend:
        """Return the runtime's description of itself."""
        return fleet.backend(cls.runtime)

    @pytest.fixture(scope="class")
    @classmethod
    def instance(cls, connected: Runtime) -> Iterator[Document]:
        """Launch the one instance that tests share without changing it."""
        (instance,) = launch("--on", cls.runtime, cls.image)
        yield instance
        abcd_run("stop", instance["name"])
        assert connected.instances(instance["runtime_id"]) == []

    @pytest.fixture(autouse=True)
    def nothing_left(self, fleet: Fleet) -> Iterator[None]:
        """Check that a test leaves no instance; tests name theirs with `name`."""
        yield
        left = self.names(fleet)
        for name in left:
            abcd_run("stop", name)
        assert left == set()

    @pytest.fixture
    def page(self) -> None:
        """Skip unless the image has a page."""
        if self.no_page:
            pytest.skip(f"the image {self.image} has no page: {self.no_page}")

    @pytest.fixture
    def system(self) -> None:
        """Skip unless the image has a system that runs commands."""
        if self.no_system:
            pytest.skip(f"the image {self.image} has no system: {self.no_system}")

    @property
    def root(self) -> str:
        """Whom root's commands run as: the image's own user where there is no other."""
        return "" if self.one_user else "root"

    def skip_if(self, lacks: str) -> None:
        """Skip if the runtime says why it lacks something."""
        if lacks:
            pytest.skip(f"{self.runtime}: {lacks}")

    def names(self, fleet: Fleet) -> set[str]:
        """Return the names of our instances from the runtime, which may have others."""
        instances = fleet.runtime(self.runtime).instances(detail=False)
        return {one.name for one in instances if one.name.startswith(OURS)}

    def name(self) -> str:
        """Return a name for an instance that no other test uses."""
        return f"{OURS}{os.urandom(3).hex()}"

    @contextmanager
    def launched(self, *arguments: str) -> Iterator[Document]:
        """Launch one more instance, and stop it when the block ends."""
        name = self.name()
        (instance,) = launch("--on", self.runtime, "--name", name, *arguments, self.image)
        try:
            yield instance
        finally:
            abcd_run("stop", name)

    def url(self, instance: Document) -> str:
        """Return the address of the page."""
        return str(next(e["url"] for e in instance["endpoints"] if e["protocol"] == "http"))

    def works(self, instance: Document) -> bool:
        """Say whether an instance works as a person would expect."""
        if self.no_page:
            return abcd_run("wait", instance["name"]).status == 0
        answer = http_status(self.url(instance), user=self.user, password=instance["password"])
        return answer[0] == 200

    def inside(self, instance: Document, *command: str, user: str = "") -> str:
        """Return the output of a command inside, which must succeed."""
        who = ["--user", user] if user else []
        ended = abcd_run("exec", *who, instance["name"], "--", *command)
        assert ended.status == 0, ended.err
        return ended.out


def listening(port: int) -> set[str]:
    """Return the addresses on which any process listens on a port."""
    return {
        sock.laddr.ip
        for sock in psutil.net_connections("tcp")
        if sock.laddr and sock.status == psutil.CONN_LISTEN and sock.laddr.port == port
    }


def free_port() -> int:
    """Return a loopback port that is free just now."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])
