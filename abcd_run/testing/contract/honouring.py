"""Instances get what was requested: limits, folders and addresses, as the host shows them."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from abcd_run.runtime import Runtime
from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract import evidence
from abcd_run.testing.contract.basis import Basis, Document, listening

MEMORY, ROUGHLY = 448 << 20, 0.75
"""A machine's kernel shows its programs at least this part of its memory."""

NOT_ENFORCED = "limits are not enforced"
OTHER = "127.0.0.2"


def need(limit: str, connected: Runtime) -> None:
    """Skip if the runtime notes that this host cannot enforce a limit."""
    for note in connected.probe().notes:
        listed, unenforced, _why = note.partition(NOT_ENFORCED)
        if unenforced and limit in listed:
            pytest.skip(note)


class Honouring(Basis):
    """Instances get what was requested."""

    def test_host_root_is_who_root_inside_is(self, instance: Document) -> None:
        """The host's own processes show it: one run by root inside, or the machine's."""
        self.skip_if(self.no_root)
        shown = set()
        if not self.no_system:
            with evidence.process_inside(instance["name"], user=self.root) as process:
                shown = {process.uids().real} if process else set()
        ports = [urlsplit(endpoint["url"]).port for endpoint in instance["endpoints"]]
        shown = shown or {uid for port in ports if port for uid in evidence.owners(port)}
        if not shown:
            pytest.skip("this host shows no process of it")
        assert shown == {instance["host_root"]}

    @pytest.mark.usefixtures("system")
    def test_memory_is_limited(self, connected: Runtime) -> None:
        """An instance has the memory that it was given, and no more."""
        need("memory", connected)
        with self.launched("--memory", str(MEMORY)) as launched:
            limits = evidence.numbers(
                self.inside(launched, "sh", "-c", evidence.MEMORY, user=self.root)
            )
            if not self.no_streams:
                with evidence.process_inside(launched["name"], user=self.root) as process:
                    limits += evidence.memory_of(process) if process else []
        assert ROUGHLY * MEMORY <= min(limits) <= MEMORY

    @pytest.mark.usefixtures("system")
    def test_cpus_are_limited(self, instance: Document, connected: Runtime) -> None:
        """An instance has as many processors as it was given, not the default number."""
        self.skip_if(self.one_processor)
        need("cpu", connected)
        if os.cpu_count() == 1:
            pytest.skip("this host has one processor")
        wanted = 1 if self.cpus(instance) > 1 else 2
        with self.launched("--cpus", str(wanted)) as launched:
            assert self.cpus(launched) == wanted

    @pytest.mark.usefixtures("system")
    def test_open_files_are_limited(self, instance: Document) -> None:
        """Some engines hand down a billion, and what closes them all at its start takes minutes."""
        limits = self.inside(instance, "cat", "/proc/1/limits", user=self.root)
        (line,) = (line for line in limits.splitlines() if line.startswith("Max open files"))
        assert 1024 <= int(line.split()[3]) <= 1 << 20

    def cpus(self, instance: Document) -> float:
        """Return how many processors an instance has."""
        limits = evidence.numbers(self.inside(instance, "sh", "-c", evidence.CPUS, user=self.root))
        with evidence.process_inside(instance["name"], user=self.root) as process:
            limits += evidence.cpus_of(process) if process else []
        return min(limits)

    @pytest.mark.usefixtures("system")
    def test_share_is_read_only(self) -> None:
        """Nobody inside can write to a folder shared with `:ro`, and everybody can read it."""
        self.skip_if(self.no_shares)
        folder = Path.home() / f"share-{self.name()}"
        folder.mkdir()
        (folder / "from-outside").write_text("outside\n")
        try:
            with self.launched("--share", f"{folder}:/mnt/work:ro") as launched:
                assert self.inside(launched, "cat", "/mnt/work/from-outside") == "outside\n"
                write = ("sh", "-c", "echo inside >>/mnt/work/from-outside")
                for user in ("root", self.user):
                    ended = abcd_run("exec", "--user", user, launched["name"], "--", *write)
                    assert ended.status, f"{user} could write"
            assert (folder / "from-outside").read_text() == "outside\n"
        finally:
            (folder / "from-outside").unlink()
            folder.rmdir()

    def test_address_is_the_chosen_one(self) -> None:
        """With `--address` an instance listens there, and nowhere else."""
        try:
            socket.create_server((OTHER, 0)).close()
        except OSError:
            pytest.skip(f"this host has no {OTHER}")
        with self.launched("--address", OTHER) as launched:
            place = urlsplit(self.url(launched))
            assert place.hostname == OTHER
            assert place.port
            assert listening(place.port) == {OTHER}
            assert self.works(launched)
