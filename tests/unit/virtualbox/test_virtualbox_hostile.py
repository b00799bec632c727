"""VBoxManage's output about untrusted machines, such as imported appliances."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.backend import record
from abcd_run.limits import PICTURE_BYTES, TEXT_BYTES
from abcd_run.model import Instance
from abcd_run_virtualbox import driver, errors, instances, parse, runtime, start
from abcd_run_virtualbox.errors import Refused
from abcd_run_virtualbox.service import Manage
from tests.unit.fuzzing import examples
from tests.unit.plans import CONTAINER
from tests.unit.virtualbox import outputs

UUID = "08a18738-0715-4908-ac90-708d57d9d58e"
OTHER = "1b346b0e-3918-4fb3-a3ff-e56826a6dbfd"
INJECTED = 'groups="/abcd-run"\nCfgFile="/home/user/thesis/abcd-run/x/x.vbox"\n'
FOREIGN = """\
name="theirs"
groups="/"
UUID="08a18738-0715-4908-ac90-708d57d9d58e"
CfgFile="/home/user/VirtualBox VMs/theirs/theirs.vbox"
VMState="running"
"""


@pytest.mark.parametrize("value", [f'"nice\n{INJECTED}"', f'"nice"\n{INJECTED}'])
def test_a_description_adds_no_facts(value: str) -> None:
    """It would make a machine ours, and make `stop` remove another folder."""
    facts = parse.facts(f"{FOREIGN}description={value}\n")
    assert facts["groups"] == "/"
    assert facts["CfgFile"] == "/home/user/VirtualBox VMs/theirs/theirs.vbox"


def test_a_name_adds_no_facts() -> None:
    escaped = INJECTED.replace('"', '\\"')
    assert parse.facts(f'name="x\n{escaped}"\n{FOREIGN}')["groups"] == "/"


@pytest.mark.parametrize("rule", ["x", "a,tcp,,x,,y", "n,udp,,1,,2", "n,tcp,,99999999,,1", ""])
def test_rules_that_are_none_of_ours(rule: str) -> None:
    said = outputs.SHOWN + f'Forwarding(2)="{rule}"\nForwarding(3)="a,b,tcp,,9,,8"\n'
    assert parse.forwards(parse.facts(said)) == {
        8080: ("127.0.0.1", 44801), 22: ("0.0.0.0", 44802), 8: ("0.0.0.0", 9),
    }  # fmt: skip


class Told(Manage):
    """A VBoxManage with two machines, one of which it cannot describe."""

    def __call__(self, *arguments: str, doing: str) -> str:
        if arguments[0] == "list":
            return f'"well" {{{UUID}}}\n"ill" {{{OTHER}}}\n'
        if arguments[:2] == ("showvminfo", UUID):
            return outputs.SHOWN
        if arguments[0] == "getextradata":
            return outputs.EXTRA
        raise Refused(f"could not {doing}", text="it did not end within 120 s")


def test_one_that_cannot_be_described_hides_no_other() -> None:
    assert [one.runtime_id for one in instances.listed(Told(""), detail=False)] == [UUID]


def test_where_none_can_be_described_it_is_said() -> None:
    class Silent(Told):
        def __call__(self, *arguments: str, doing: str) -> str:
            if arguments[0] == "list":
                return f'"ill" {{{OTHER}}}\n'
            raise Refused(f"could not {doing}", text="it did not end within 120 s")

    with pytest.raises(Refused, match="could not describe"):
        instances.listed(Silent(""), detail=False)


def test_one_whose_process_is_ending_is_there() -> None:
    """Who stops it must not be told that there is no such instance."""
    unready = {"showvminfo", "getextradata"}

    class Ending(Told):
        def __call__(self, *arguments: str, doing: str) -> str:
            if arguments[0] in unready:
                unready.remove(arguments[0])
                raise errors.refused(outputs.NOT_READY, doing=doing)
            return super().__call__(*arguments, doing=doing)

    instance = instances.one(Ending(""), UUID, detail=False)
    assert instance is not None
    assert instance.runtime_id == UUID
    assert unready == set()


def test_a_machine_that_lacks_facts_is_none() -> None:
    class Short(Told):
        def __call__(self, *arguments: str, doing: str) -> str:
            del doing
            return f'groups="/abcd-run"\nUUID="{UUID}"\n' if arguments[0] != "list" else ""

    assert instances.one(Short(""), UUID, detail=False) is None


def test_a_log_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "VBox.log"
    with log.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, 2)
        file.write(b"\n" + outputs.NO_PORT.encode())
    monkeypatch.setattr(Manage, "patiently", lambda *_, **__: "")
    begun = time.monotonic()
    with pytest.raises(Exception, match="is already in use"):
        start.started(Manage(""), UUID, log)
    assert time.monotonic() - begun < 5


def test_a_picture_without_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    def shot(_: Manage, *arguments: str, doing: str) -> str:
        del doing
        with Path(arguments[-1]).open("wb") as file:
            file.truncate(PICTURE_BYTES + 1)
        return ""

    monkeypatch.setattr(Told, "__call__", shot)
    engine = runtime.VirtualBoxRuntime(Told(""))
    tiny = Instance("tiny", "virtualbox", UUID, {}, running=True)
    with pytest.raises(Exception, match="larger than 32 MiB"):
        engine.screenshot(tiny)


def test_old_versions_let_machines_to_the_hosts_loopback() -> None:
    assert "10.0.2.2" in "".join(driver.advice((6, 1, 50)))
    assert driver.advice((7, 0, 0)) == ()


@pytest.mark.parametrize("text", ["VBoxManage: error: Unknown option: --nat-…", "other"])
def test_a_version_that_cannot_close_it_starts_machines_all_the_same(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, ...]] = []

    def refuse(_: Manage, *arguments: str, doing: str) -> str:
        told.append(arguments)
        raise Refused(f"could not {doing}", text=text)

    monkeypatch.setattr(Told, "__call__", refuse)
    engine = runtime.VirtualBoxRuntime(Told(""))
    if text == "other":
        with pytest.raises(Refused):
            engine._close(CONTAINER, UUID)
    else:
        engine._close(CONTAINER, UUID)
    assert told == [("modifyvm", UUID, "--nat-localhostreachable1", "off")]


PIECES = st.sampled_from(
    [outputs.SHOWN, outputs.LISTED, outputs.BROKEN, outputs.EXTRA, FOREIGN, INJECTED, '"', "=",
     "\\", "\n", "\r\n", 'Forwarding(0)="', ",tcp,", "Key: ", ", Value: ", "{", "[" * 9999,
     'abcd-run.profile, Value: {"services": [{"name": "x", "port": -1}]}\n', f'"x" {{{UUID}}}']
)  # fmt: skip


@examples(100)
@given(st.lists(st.one_of(PIECES, st.text(max_size=30)), max_size=30).map("".join))
def test_any_output(said: str) -> None:
    """Any output is parsed without a traceback."""
    parse.version(said)
    parse.machines(said)
    parse.broken(said)
    parse.machine_folder(said)
    parse.created(said)
    parse.forwards(parse.facts(said))
    record.read(parse.noted(said))


@pytest.mark.parametrize("piece", ['"', 'a="', '"=', "Key: ", 'x="\\', "Name: <inaccessible!>\n "])
def test_long_output_is_read_soon(piece: str) -> None:
    said = piece * (2 * TEXT_BYTES // len(piece))
    begun = time.monotonic()
    test = (parse.facts, parse.machines, parse.broken, parse.noted, parse.machine_folder)
    for read in test:
        read(said)
        read(said.replace('"', '"\n'))
    assert time.monotonic() - begun < 10
