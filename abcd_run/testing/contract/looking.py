"""Inspect an instance from outside and inside."""

import os
import shlex
from pathlib import Path

import pytest

from abcd_run.runtime import Executes, Logs, Runtime, Screenshots
from abcd_run.testing import tree
from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract.basis import (
    Basis,
    Document,
)
from abcd_run.testing.contract.following import following
from abcd_run.testing.picture import pixels


class Looking(Basis):
    """Inspect an instance from outside and inside."""

    def test_ps_shows_it(self, instance: Document) -> None:
        """`ps` measures the stage again and knows everything but the launch's duration."""
        document = abcd_run("ps", "--json", "--on", self.runtime).json
        (shown,) = [one for one in document["instances"] if one["name"] == instance["name"]]
        assert shown == {**instance, "ready_seconds": None}
        table = abcd_run("ps", "--on", self.runtime).out
        assert instance["name"] in table
        assert self.no_root or f"0→{instance['host_root']}" in table

    def test_show_and_open_print_address_and_password(self, instance: Document) -> None:
        """A person can find both again."""
        for command in ("show", "open"):
            ended = abcd_run(command, instance["name"])
            assert ended.status == 0, ended.err
            assert self.url(instance) in ended.out
            assert instance["password"] in ended.out

    def test_wait_returns_for_what_is_ready(self, instance: Document) -> None:
        """`wait` returns at once, with the instance."""
        ended = abcd_run("--json", "wait", instance["name"])
        assert ended.status == 0, ended.err
        assert ended.json["instances"][0]["stage"] == "ready"

    @pytest.mark.usefixtures("system")
    def test_exec_keeps_streams_and_status(self, instance: Document, connected: Runtime) -> None:
        """A command inside has its own input, output, errors and exit status."""
        assert isinstance(connected, Executes), f"{self.runtime} cannot run commands"
        script = "cat; echo wrong >&2; exit 7"
        ended = abcd_run("exec", instance["name"], "--", "sh", "-c", script, stdin="told\n")
        assert (ended.status, ended.out) == (7, "told\n")
        assert "wrong" in ended.err
        assert self.inside(instance, "printf", "%s|", "a b", "$HOME", "c'd") == "a b|$HOME|c'd|"

    @pytest.mark.usefixtures("system")
    def test_cp_keeps_a_tree_both_ways(self, instance: Document, tmp_path: Path) -> None:
        """Names, modes, links and bytes come back as they went; inside they are the user's."""
        top, back, there = tmp_path / "tree", tmp_path / "back", f"/tmp/{os.urandom(4).hex()}"
        tree.make(top)
        inside = f"{instance['name']}:{there}"
        try:
            for words in ((str(top), inside), (inside, str(back))):
                ended = abcd_run("cp", *words)
                assert ended.status == 0, ended.err
            listed = self.inside(instance, "ls", "-l", f"{there}/empty")
        finally:
            self.inside(instance, "sh", "-c", 'chmod -R u+rwx "$0"; rm -r "$0"', there)
        assert tree.facts(back) == tree.facts(top)
        assert listed.split()[2] == self.user
        assert {one.lstat().st_uid for one in back.rglob("*")} == {os.getuid()}

    @pytest.mark.usefixtures("system")
    def test_exec_is_the_images_user(self, instance: Document) -> None:
        """A command runs as the image's user, or as the requested one."""
        assert self.inside(instance, "id", "-un").strip() == self.user
        if not self.one_user:
            assert self.inside(instance, "id", "-u", user="root").strip() == "0"
        assert self.inside(instance, "hostname").strip() == instance["name"]

    @pytest.mark.usefixtures("system")
    def test_exec_begins_at_home(self, instance: Document) -> None:
        """A command begins in the home of whoever runs it, the image's user or root."""
        for user in dict.fromkeys((self.user, self.root or self.user)):
            home = self.inside(instance, "sh", "-c", f"cd ~{user} && pwd -P", user=user)
            assert self.inside(instance, "sh", "-c", "pwd -P", user=user) == home
        assert self.inside(instance, "pwd") == self.inside(instance, "pwd", user=self.user)

    @pytest.mark.usefixtures("system")
    def test_seed_is_roots_secret(self, instance: Document) -> None:
        """The seed is where images look for it, and only root can read it."""
        seed = self.inside(instance, "cat", "/run/abcd/seed", user=self.root)
        assert f"ABCD_PASSWORD={shlex.quote(instance['password'])}" in seed.replace(
            f"'{instance['password']}'", shlex.quote(instance["password"])
        )
        if not self.one_user:
            ended = abcd_run("exec", instance["name"], "--", "cat", "/run/abcd/seed")
            assert ended.status != 0

    def test_logs_show_the_console(self, instance: Document, connected: Runtime) -> None:
        """The instance's output is kept."""
        assert isinstance(connected, Logs), f"{self.runtime} keeps no logs"
        assert self.prints in abcd_run("logs", instance["name"]).out

    def test_logs_follow(self, connected: Runtime) -> None:
        """`logs -f` also shows later output, and ends with the instance."""
        assert isinstance(connected, Logs), f"{self.runtime} keeps no logs"
        with self.launched() as launched, following(launched["name"]) as follow:
            assert follow.shows(self.prints)
            if not self.no_system:
                word = f"said-{os.urandom(4).hex()}"
                self.inside(launched, "sh", "-c", self.speaks, word, user=self.root)
                assert follow.shows(word)
            # A `logs` that does not follow would end before this does.
            assert abcd_run("ps", "--on", self.runtime).status == 0
            assert follow.goes_on()
            assert abcd_run("stop", launched["name"]).status == 0
            assert follow.ends()

    def test_screenshot_is_not_blank(
        self, instance: Document, connected: Runtime, tmp_path: Path
    ) -> None:
        """If there is a screen, its picture shows something; if not, an error says so."""
        picture = tmp_path / "screen.png"
        ended = abcd_run("screenshot", instance["name"], "-o", str(picture))
        if not isinstance(connected, Screenshots):
            assert ended.status == 5
            assert "no screen" in ended.err
            return
        assert ended.status == 0, ended.err
        assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert len(set(pixels(picture.read_bytes()))) > 1
