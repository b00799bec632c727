"""What the tests of the contract stand on."""

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
    "host_root", "ready_seconds", "runtime_id", "resources",
}  # fmt: skip
ERROR_KEYS = {"code", "message", "details", "remedy", "runtime", "name"}
DIE = ("sh", "-c", "poweroff; kill -TERM 1")
OURS = f"contract-{os.getpid()}-"
# A system has a console; a container without a terminal has none but its first process's output.
SPEAKS = (
    'if [ -c /dev/console ]; then out=/dev/console; else out=/proc/1/fd/1; fi; echo "$0" >>$out'
)
NEVER = 'ready.console="a line that nothing prints"'


class Basis:
    """The tests; `image` is a small image with a web page behind the instance's password.

    A runtime that is too slow for that has a smaller one: it says what it `prints` when it is
    ready, and why it has no page and no system inside, where the tests of those are skipped. One
    that `undoes_slowly` may need longer to remove what was begun than a signal leaves it: it must
    then name what is left, with what removes it.

    `no_archive` says why the image is no built one that could lie on disk as an OCI archive. The
    shell lines `foreign` make an object called `$NAME` with the engine's own command, that is none
    of abcd-run's, and `foreign_gone` remove it again, or fail when it is gone; without them that
    test is skipped. `speaks` are lines that print `$0` on the console, run by root inside.
    """

    runtime: ClassVar[str]
    image: ClassVar[str] = "abcd4demo"
    user: ClassVar[str] = "abcd"
    prints: ClassVar[str] = "abcd: ready"
    no_page: ClassVar[str] = ""
    no_system: ClassVar[str] = ""
    undoes_slowly: ClassVar[bool] = False
    no_archive: ClassVar[str] = ""
    foreign: ClassVar[str] = ""
    foreign_gone: ClassVar[str] = ""
    speaks: ClassVar[str] = SPEAKS

    @pytest.fixture(scope="class")
    @classmethod
    def fleet(cls) -> Iterator[Fleet]:
        """Connect to the runtime, or say why that cannot be."""
        with Fleet(Registry.installed()) as fleet:
            demand(fleet, cls.runtime)
            yield fleet

    @pytest.fixture(scope="class")
    @classmethod
    def connected(cls, fleet: Fleet) -> Runtime:
        """Return the runtime itself, for what the command line cannot do."""
        return fleet.runtime(cls.runtime)

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, fleet: Fleet) -> Backend:
        """Return the runtime's description of itself."""
        return fleet.backend(cls.runtime)

    @pytest.fixture(scope="class")
    @classmethod
    def instance(cls, connected: Runtime) -> Iterator[Document]:
        """Launch the one instance that the tests look at without changing it."""
        (instance,) = launch("--on", cls.runtime, cls.image)
        yield instance
        abcd_run("stop", instance["name"])
        assert connected.instances(instance["runtime_id"]) == []

    @pytest.fixture(autouse=True)
    def nothing_left(self, fleet: Fleet) -> Iterator[None]:
        """Check that a test leaves no instance; all that a test launches has a `name` of ours."""
        yield
        left = self.names(fleet)
        for name in left:
            abcd_run("stop", name)
        assert left == set()

    @pytest.fixture
    def page(self) -> None:
        """Have an image with a page."""
        if self.no_page:
            pytest.skip(f"the image {self.image} has no page: {self.no_page}")

    @pytest.fixture
    def system(self) -> None:
        """Have an image with a system in which commands run."""
        if self.no_system:
            pytest.skip(f"the image {self.image} has no system: {self.no_system}")

    def names(self, fleet: Fleet) -> set[str]:
        """Return the names of our instances, asked of the runtime: others may have theirs there."""
        instances = fleet.runtime(self.runtime).instances(detail=False)
        return {one.name for one in instances if one.name.startswith(OURS)}

    def name(self) -> str:
        """Return a name for an instance that no other test has."""
        return f"{OURS}{os.urandom(3).hex()}"

    @contextmanager
    def launched(self, *arguments: str) -> Iterator[Document]:
        """Have one more instance, which is stopped when the block ends."""
        name = self.name()
        (one,) = launch("--on", self.runtime, "--name", name, *arguments, self.image)
        try:
            yield one
        finally:
            abcd_run("stop", name)

    def url(self, instance: Document) -> str:
        """Return the address of the page."""
        return str(next(e["url"] for e in instance["endpoints"] if e["protocol"] == "http"))

    def works(self, instance: Document) -> bool:
        """Say whether it does for a person what it should."""
        if self.no_page:
            return abcd_run("wait", instance["name"]).status == 0
        answer = http_status(self.url(instance), user=self.user, password=instance["password"])
        return answer[0] == 200

    def inside(self, instance: Document, *command: str, user: str = "") -> str:
        """Return what a command prints inside, which must succeed."""
        who = ["--user", user] if user else []
        ended = abcd_run("exec", *who, instance["name"], "--", *command)
        assert ended.status == 0, ended.err
        return ended.out


def listening(port: int) -> set[str]:
    """Return the addresses on which somebody listens at a port, whoever that is."""
    return {
        one.laddr.ip
        for one in psutil.net_connections("tcp")
        if one.laddr and one.status == psutil.CONN_LISTEN and one.laddr.port == port
    }


def free_port() -> int:
    """Return a port of loopback that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])
