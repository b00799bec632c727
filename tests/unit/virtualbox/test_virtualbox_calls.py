"""How VBoxManage is called: with retries, with secrets hidden, and with its log read."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from abcd_run.errors import PortTaken, UsageError
from abcd_run_virtualbox import process, service, start
from abcd_run_virtualbox.errors import Refused
from abcd_run_virtualbox.runtime import VirtualBoxRuntime
from abcd_run_virtualbox.service import Manage
from tests.unit.plans import MACHINE
from tests.unit.virtualbox import outputs


def _script(folder: Path, text: str) -> Manage:
    program = folder / "VBoxManage"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return Manage(str(program))


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(outputs.LOCKED)
    third = '[ "$(wc -l <calls)" -ge 3 ]'
    manage = _script(
        tmp_path, f"cd {tmp_path}; echo x >>calls; {third} || {{ cat said; exit 1; }} >&2"
    )
    manage.patiently("unregistervm", "x", doing="remove it")
    assert (tmp_path / "calls").read_text().count("x") == 3


def test_other_refusals_are_not(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(outputs.UNKNOWN)
    manage = _script(tmp_path, f"cd {tmp_path}; echo x >>calls; cat said >&2; exit 1")
    with pytest.raises(Refused, match="could not remove it"):
        manage.patiently("unregistervm", "x", doing="remove it")
    assert (tmp_path / "calls").read_text().count("x") == 1


def test_a_question_without_end_is_asked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VBoxManage sometimes hangs after its work; a call that changes something runs only once."""
    monkeypatch.setattr(service, "ANSWER_SECONDS", 0.3)
    first = '[ "$(wc -l <calls)" -gt 1 ]'
    manage = _script(tmp_path, f"cd {tmp_path}; echo x >>calls; {first} || sleep 60; echo said")
    assert manage("list", "vms", doing="x") == "said\n"
    assert (tmp_path / "calls").read_text().count("x") == 2
    (tmp_path / "calls").unlink()
    manage = _script(tmp_path, f"cd {tmp_path}; echo x >>calls; {first} || sleep 1; echo said")
    assert manage("startvm", "uuid", doing="x") == "said\n"
    assert (tmp_path / "calls").read_text().count("x") == 1


def test_what_never_ends_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CALL_SECONDS", 0.3)
    with pytest.raises(Refused, match="could not start it") as caught:
        _script(tmp_path, "echo 40% >&2; sleep 60")("startvm", "uuid", doing="start it")
    assert "40%" in caught.value.text
    assert "did not end within 0.3 s" in caught.value.text


def test_an_answer_without_end_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MOST", 1 << 20)
    with pytest.raises(Refused, match="could not list them") as caught:
        _script(tmp_path, "yes")("list", "vms", doing="list them")
    assert caught.value.details == "it printed more than 1 MiB"


def test_locale_and_input_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With LC_ALL=C it crashes on an umlaut; it never reads from the user's terminal."""
    monkeypatch.setenv("LC_ALL", "C")
    manage = _script(tmp_path, 'echo "$LC_ALL"; cat; echo "100%" >&2')
    assert manage("list", "vms", doing="x") == "C.UTF-8\n"


def test_secrets_are_in_a_file_of_ones_own(tmp_path: Path) -> None:
    manage = _script(tmp_path, f'echo "$*" >{tmp_path}/seen; cp -p "${{1#@}}" {tmp_path}/file')
    manage.secretly("modifyvm", "it's", "--vrdeproperty", "VNCPassword=se cret", doing="x")
    assert "cret" not in (tmp_path / "seen").read_text()
    said = (tmp_path / "file").read_text()
    assert said == "modifyvm\n'it'\"'\"'s'\n--vrdeproperty\n'VNCPassword=se cret'\n"
    folder = Path((tmp_path / "seen").read_text().strip().removeprefix("@")).parent
    assert not folder.exists()


def test_a_port_that_virtualbox_could_not_have(tmp_path: Path) -> None:
    log = tmp_path / "VBox.log"
    log.write_text(outputs.NO_PORT)
    with pytest.raises(PortTaken) as caught:
        start.started(_script(tmp_path, "exit 0"), "uuid", log)
    assert "rc=VERR_NAT_REDIR_SETUP" in caught.value.details
    assert caught.value.port == 8087
    log.write_text("00:00:02.1 VM: started\n")
    start.started(_script(tmp_path, "exit 0"), "uuid", log)


def test_why_it_did_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the log where there is one, else from the machine's own process."""
    (tmp_path / "said").write_text(outputs.ENDED)
    (tmp_path / "own").write_text(outputs.NO_DRIVER)
    manage = _script(tmp_path, f"cat {tmp_path}/said >&2; exit 1")
    process = tmp_path / "VBoxHeadless"
    process.write_text(f"#!/bin/sh\ncat {tmp_path}/own >&2; exit 1\n")
    process.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(Refused, match="kernel driver is not loaded"):
        start.started(manage, "uuid", tmp_path / "none.log")
    log = tmp_path / "VBox.log"
    log.write_text("00:00:01.6 VMSetError: VT-x is not available; rc=VERR_VMX_NO_VMX\n")
    with pytest.raises(Refused, match="no hardware virtualization"):
        start.started(manage, "uuid", log)


def test_a_window_takes_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = VirtualBoxRuntime(Manage("VBoxManage"))
    plan = replace(MACHINE, options={"display": "window"})
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="no display here"):
        runtime.check(plan)
    monkeypatch.setenv("DISPLAY", ":0")
    runtime.check(plan)
