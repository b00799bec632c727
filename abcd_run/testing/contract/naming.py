"""Names, ports, numbers, folders: what the user chose, and what must differ."""

import os
import socket
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run, http_status, launch
from abcd_run.testing.contract.basis import (
    ERROR_KEYS,
    Basis,
    Document,
    free_port,
)


class Naming(Basis):
    """Names, ports, numbers, folders: what the user chose, and what must differ."""

    def test_name_in_use(self, instance: Document) -> None:
        """A taken name is refused with a remedy, and its owner keeps running."""
        ended = abcd_run("--on", self.runtime, "--name", instance["name"], self.image)
        assert ended.status == 5
        assert f"abcd-run stop {instance['name']}" in ended.err
        assert self.works(instance)

    def test_several_differ_in_all_that_must(self) -> None:
        """Two launched at once have their own names, ports and passwords."""
        instances = launch("--on", self.runtime, "--name", self.name(), "--count", "2", self.image)
        try:
            assert {one["stage"] for one in instances} == {"ready"}
            for key in ("name", "password", "runtime_id"):
                assert len({one[key] for one in instances}) == 2
            first, second = instances
            assert self.url(first) != self.url(second)
            assert self.works(first)
            assert self.works(second)
            if not self.no_page:
                other = http_status(self.url(first), user=self.user, password=second["password"])
                assert other[0] == 401
        finally:
            abcd_run("stop", *(one["name"] for one in instances))

    def test_fixed_port_and_given_password(self, tmp_path: Path) -> None:
        """A port and a password that the user chose are used."""
        secret = tmp_path / "password"
        secret.write_text("correct-horse-battery-staple\n")
        port, name = free_port(), self.name()
        (instance,) = launch(
            "--on", self.runtime, "--name", name, "--publish", f"web={port}",
            "--password-file", str(secret), self.image,
        )  # fmt: skip
        try:
            assert self.url(instance) == f"http://127.0.0.1:{port}/"
            assert instance["password"] == "correct-horse-battery-staple"
            assert self.works(instance)
        finally:
            assert abcd_run("stop", name).status == 0

    def test_port_in_use(self) -> None:
        """A port in use is an error, and nothing is left."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ended = abcd_run(
                "--json", "--on", self.runtime, "--name", self.name(),
                "--publish", f"web={port}", self.image,
            )  # fmt: skip
        assert ended.status == 5
        (error,) = ended.json["errors"]
        assert set(error) == ERROR_KEYS
        assert error["runtime"] == self.runtime
        assert error["remedy"]

    @pytest.mark.usefixtures("system")
    def test_environment_and_share(self) -> None:
        """A shared folder belongs to the same person on both sides; variables arrive."""
        self.skip_if(self.no_shares)
        folder = Path.home() / f"share-{self.name()}"
        folder.mkdir()
        (folder / "from-outside").write_text("outside\n")
        name = self.name()
        (instance,) = launch(
            "--on", self.runtime, "--name", name, "--share", f"{folder}:/mnt/work",
            "--env", "GREETING=hello world", self.image,
        )  # fmt: skip
        try:
            assert self.inside(instance, "sh", "-c", 'echo "$GREETING"') == "hello world\n"
            assert self.inside(instance, "cat", "/mnt/work/from-outside") == "outside\n"
            self.inside(instance, "sh", "-c", "echo inside >/mnt/work/from-inside")
            assert (folder / "from-inside").read_text() == "inside\n"
            assert (folder / "from-inside").stat().st_uid == os.getuid()
            assert self.inside(instance, "stat", "-c", "%U", "/mnt/work").strip() == self.user
        finally:
            abcd_run("stop", name)
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
