"""Commands and pictures by way of a tab."""

import base64
import os
import shlex
import subprocess
from typing import Any

import pytest

from abcd_run.errors import AbcdRunError, LaunchFailed
from abcd_run.model import Instance
from abcd_run_browser import inside
from abcd_run_browser.runtime import BrowserRuntime
from tests.unit.tabs.tab import Tab, encoded, ended

PNG = b"\x89PNG\r\n\x1a\nrest"


def run(
    runtime: BrowserRuntime, one: Instance, *words: str, user: str = "", given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    line = runtime.exec_command(one, words, user=user, tty=False)
    assert one.password not in " ".join(line)
    return subprocess.run(line, input=given, capture_output=True, check=False, timeout=60)


def test_streams_and_status_pass_unchanged(tab: Tab, runtime: BrowserRuntime) -> None:
    every = bytes(range(256)) * 10

    def does(job: dict[str, Any]) -> dict[str, Any]:
        return ended(7, base64.b64decode(job["input"]), b"wrong\n\xff")

    with tab.working(does):
        result = run(runtime, tab.instance, "cat", "a b", "$HOME", "c'd", given=every)
    assert (result.returncode, result.stdout, result.stderr) == (7, every, b"wrong\n\xff")
    (job,) = tab.jobs
    assert job["kind"] == "run"
    assert shlex.split(job["script"])[:6] == ["exec", "su", "-l", "-s", "/bin/sh", "-c"]
    assert shlex.split(job["script"])[-1] == "abcd"


@pytest.mark.parametrize("word", ["$HOME", "a b", "c'd", "`id`", "x\ny", "ü", "-n"])
def test_words_reach_the_command_unchanged(word: str) -> None:
    told = inside.script(["printf", "%s", word], user="abcd")
    without_su = f'su() {{ sh -c "$5"; }}; {told.removeprefix("exec ")}'
    said = subprocess.run(["sh", "-c", without_su], capture_output=True, check=True)
    assert said.stdout.decode() == word


def test_root_is_used_where_it_is_asked_for(tab: Tab, runtime: BrowserRuntime) -> None:
    with tab.working(lambda _: ended()):
        run(runtime, tab.instance, "id", user="root")
    assert shlex.split(tab.jobs[0]["script"])[-1] == "root"


def test_two_commands_at_once_get_their_own_answers(tab: Tab, runtime: BrowserRuntime) -> None:
    jobs: list[dict[str, Any]] = []
    lines = [runtime.exec_command(tab.instance, [word], user="", tty=False) for word in "ab"] if (
        tab.hello().status == 200 and tab.tells("ready").status == 200
    ) else []  # fmt: skip
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    first, second = (subprocess.Popen(line, **quiet) for line in lines)  # type: ignore[call-overload]
    while len(jobs) < 2:
        jobs.append(tab.work().json)
    for job in reversed(jobs):
        tab.answer(job["id"], ended(0, b"a" if "exec a" in job["script"] else b"b"))
    assert first.communicate(timeout=30)[0] == b"a"
    assert second.communicate(timeout=30)[0] == b"b"


def test_without_a_tab_one_line_says_what_to_do(served: Instance, runtime: BrowserRuntime) -> None:
    with pytest.raises(AbcdRunError) as refused:
        runtime.exec_command(served, ["id"], user="", tty=False)
    assert refused.value.message == "no tab shows demo-browser-1"
    assert refused.value.remedy == "abcd-run open demo-browser-1"
    with pytest.raises(LaunchFailed, match="no tab shows") as refused:
        runtime.screenshot(served)
    assert refused.value.remedy == "abcd-run open demo-browser-1"


def test_a_shell_is_in_the_tab(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    with pytest.raises(AbcdRunError, match="is in its tab"):
        runtime.exec_command(tab.instance, [], user="", tty=True)
    assert runtime.exec_command(tab.instance, [], user="", tty=False)


def test_a_machine_that_boots_runs_no_commands_yet(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    tab.tells("booting")
    result = run(runtime, tab.instance, "id")
    assert result.returncode == inside.NOT_RUN
    assert result.stderr.decode().count("\n") == 1
    assert "it is booting" in result.stderr.decode()


def test_a_stop_amid_a_command_ends_it(tab: Tab, runtime: BrowserRuntime) -> None:
    tab.hello()
    tab.tells("ready")
    line = runtime.exec_command(tab.instance, ["sleep", "600"], user="", tty=False)
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert tab.work().status == 200
        runtime.remove(tab.instance.runtime_id)
        assert b"abcd-run: " in process.communicate(timeout=30)[1]
    assert process.returncode == inside.BROKEN


def test_what_a_tab_could_not_do_is_said(tab: Tab, runtime: BrowserRuntime) -> None:
    with tab.working(lambda _: {"error": "no \x1b[1mroom"}):
        result = run(runtime, tab.instance, "id")
    assert (result.returncode, b"\x1b" in result.stderr) == (inside.BROKEN, False)
    assert b"room" in result.stderr


def test_too_much_input_is_refused(
    tab: Tab, runtime: BrowserRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "INPUT_BYTES", 10)
    reads, writes = os.pipe()
    os.write(writes, b"x" * 11)
    os.close(writes)
    with os.fdopen(reads) as given:
        monkeypatch.setattr("sys.stdin", given)
        assert inside.main(["/nowhere", "abcd", "--", "cat"]) == inside.NOT_RUN


def test_a_picture_is_the_tabs(tab: Tab, runtime: BrowserRuntime) -> None:
    with tab.working(lambda _: {"png": encoded(PNG)}):
        assert runtime.screenshot(tab.instance) == PNG
