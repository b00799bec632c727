"""The plan, the user's own commands, and images without a profile."""

import subprocess
from pathlib import Path

import pytest

from abcd_run.host import xdg
from abcd_run.model import Format
from abcd_run.plugins.fleet import Fleet
from abcd_run.runtime import Backend, Builds, Explains, Runtime
from abcd_run.testing.cli import abcd_run, http_status, launch, told
from abcd_run.testing.contract.basis import (
    DIE,
    NEVER,
    Basis,
)


class Planning(Basis):
    """The plan, the user's own commands, and images without a profile."""

    def test_dry_run_touches_nothing_and_its_line_works(
        self,
        connected: Runtime,
        fleet: Fleet,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The plan's native lines, run in a shell, create the same instance."""
        monkeypatch.chdir(tmp_path)  # where it may make an artifact
        before, name = self.names(fleet), self.name()
        ended = abcd_run("--json", "--dry-run", "--on", self.runtime, "--name", name, self.image)
        assert ended.status == 0, ended.err
        assert self.names(fleet) == before
        (plan,) = ended.json["plans"]
        assert isinstance(connected, Explains), f"{self.runtime} explains nothing"
        try:
            subprocess.run(["sh", "-c", plan["native"]], check=True, capture_output=True)
            waited = abcd_run("--json", "wait", name)
            assert waited.status == 0, waited.err
            instance = waited.json["instances"][0]
            assert self.works(instance)
        finally:
            abcd_run("stop", name)

    def test_command_of_ones_own(self, backend: Backend) -> None:
        """`-- COMMAND` runs inside, or is refused before anything is touched."""
        name = self.name()
        ended = abcd_run(
            "--on", self.runtime, "--name", name, self.image,
            "--", "sh", "-c", "echo said: $0 >/tmp/said; sleep 600", "a b",
        )  # fmt: skip
        if not backend.takes_command:
            assert ended.status == 2
            assert "abcd-run exec" in ended.err
            return
        try:
            assert ended.status == 0, ended.err
            instance = {"name": name}
            assert self.inside(instance, "cat", "/tmp/said") == "said: a b\n"
        finally:
            abcd_run("stop", name)

    @pytest.mark.usefixtures("system")
    def test_one_that_ends_by_itself(self) -> None:
        """An instance that ends during the wait is an error, and is removed."""
        self.skip_if(self.by_hand)
        name = self.name()
        arguments = ("--on", self.runtime, "--name", name, "--set", NEVER, self.image)
        who = ("--user", self.root) if self.root else ()
        ended = told(*arguments, at="running", tell=("exec", *who, name, "--", *DIE))
        assert ended.status == 5, ended.err
        assert "ended by itself" in ended.err

    @pytest.mark.parametrize("transport", ["oci", "oci-archive"])
    def test_image_on_disk(self, backend: Backend, transport: str, tmp_path: Path) -> None:
        """An OCI layout and an OCI archive can be launched by path, offline."""
        if not {Format.OCI, Format.LXD} & set(backend.accepts):
            pytest.skip(f"{self.runtime} takes no containers")
        if self.no_archive:
            pytest.skip(f"there is no archive of the image {self.image}: {self.no_archive}")
        stored = f"oci:{xdg.store()}:abcdic4demo"
        there = tmp_path / ("demo-layout" if transport == "oci" else "demo.oci.tar")
        copied = ["skopeo", "copy", "--quiet", stored, f"{transport}:{there}"]
        subprocess.run(copied, check=True)
        name = self.name()
        (instance,) = launch("--on", self.runtime, "--pull", "never", "--name", name, str(there))
        try:
            page = self.url(instance)
            answer = http_status(page, user=self.user, password=instance["password"])
            assert answer[0] == 200
            assert http_status(page)[0] == 401
        finally:
            abcd_run("stop", name)

    def test_no_such_image(self, backend: Backend) -> None:
        """A missing image is exit status 4, before anything is created."""
        ended = abcd_run("--json", "--on", self.runtime, "--pull", "never", "localhost/nosuch:1")
        assert ended.status in ({4} if Format.OCI in backend.accepts else {3, 4})
        assert ended.json["errors"][0]["message"]

    def test_builder_says_what_is_wrong(self, connected: Runtime, tmp_path: Path) -> None:
        """A recipe that cannot be built shows the builder's own output."""
        if not isinstance(connected, Builds):
            pytest.skip(f"{self.runtime} builds no images")
        (tmp_path / "broken.toml").write_text('summary = "x"\n[abcdic]\n')
        for layer in ("base", "abcdic"):
            (tmp_path / "broken" / layer).mkdir(parents=True)
            (tmp_path / "broken" / layer / "Containerfile").write_text("FROM scratch\nNONSENSE x\n")
        ended = abcd_run("build", "--profiles", str(tmp_path), "broken")
        assert ended.status == 4
        assert "NONSENSE" in ended.err.upper()
