"""Every JSON document is as `schema.json` says, and every command has its own, failing too."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from abcd_run.commands.group import COMMANDS
from abcd_run.errors import NoRuntime
from abcd_run.report import json_schema
from abcd_run.report.command_documents import APART, DOCUMENTS
from abcd_run.testing import documents
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, fails

Run = Callable[..., Ended]

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text()


def test_the_schema_that_ships_is_up_to_date() -> None:
    """Or: python -m abcd_run.report.json_schema >abcd_run/report/schema.json."""
    assert (files("abcd_run.report") / "schema.json").read_text() == json_schema.text()


def test_it_is_a_schema_and_allows_no_other_keys() -> None:
    schema = json_schema.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    shapes = {name: one for name, one in schema["$defs"].items() if name != json_schema.COMMANDS}
    assert len(shapes) > 20
    assert all(one["additionalProperties"] is False for one in shapes.values())


def test_every_command_has_a_document_that_the_docs_describe() -> None:
    assert set(DOCUMENTS) == {*COMMANDS, *APART.values()}
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
    titles = [line for line in PAGE.splitlines() if line.startswith("## A launch")]
    described = set(
        re.findall(r"`([a-z-]+(?: --tab| --list)?)(?: --tree)?`", " ".join([*rows, *titles]))
    )
    assert set(DOCUMENTS) - {"launch"} - described == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"instances": []},
        {"instances": {}, "errors": []},
        {"instances": [], "errors": [], "more": 1},
        {"instances": [{"name": "web-fake-1"}], "errors": []},
        {"instances": [], "errors": [{"code": "2"}]},
        {"pruned": [], "errors": []},
    ],
    ids=str,
)
def test_a_document_that_is_not_as_the_schema_says_is_noticed(wrong: dict[str, Any]) -> None:
    words = ("ps", "--json")
    with pytest.raises(jsonschema.ValidationError):
        Ended(0, str(wrong).replace("'", '"'), "", words)
    assert Ended(0, '{"instances": [], "errors": []}', "", words).json["errors"] == []


def test_what_is_no_document_is_not_read_as_one() -> None:
    for words in (("ps",), ("ps", "--json", "--help"), ("web", "--", "sh", "--json")):
        assert Ended(0, "NAME", "", words).out == "NAME"
    assert documents.read(("--json", "--dry-run", "web"), '{"plans": [], "errors": []}')


ERRORS = dict.fromkeys(("launch", "artifact", "publish", "netboot", "build", "pull", "verify"), 4)
"""An unknown image; the others fail with 2."""

LINES: dict[str, list[str]] = {
    "launch": ["nosuch"],
    "--dry-run": ["--memory", "much", "web"],
    "open --tab": ["nosuch"],
    "ps": ["--on", "nosuch"],
    "logs": ["nosuch"],
    "cp": ["nosuch:x", "."],
    "exec": ["nosuch", "--", "true"],
    "wall": ["--on", "nosuch"],
    "verify": ["nosuch"],
    "stop": ["--all", "nosuch"],
    "prune": ["--on", "nosuch"],
    "images": ["--profiles", "nosuch"],
    "pull": ["nosuch"],
    "build": ["nosuch"],
    "artifact": ["nosuch", "--to", "oci", "-o", "x"],
    "write": ["nosuch", "/dev/null"],
    "write --list": ["--nosuch"],
    "netboot": ["nosuch"],
    "publish": ["nosuch", "registry.example/x:1"],
    "runtimes": ["--on", "nosuch"],
    "doctor": ["nosuch", "--profiles", "nosuch"],
    "completion": ["csh"],
}
"""What fails; for the others it is an instance that is not there."""

EMPTY: dict[str, dict[str, Any]] = {
    "--dry-run": {"plans": []},
    "logs": {"name": "", "log": ""},
    "cp": {"copied": None},
    "exec": {"status": None, "stdout": "", "stderr": ""},
    "shell": {},
    "screenshot": {"name": "", "file": ""},
    "wall": {"url": ""},
    "open --tab": {"url": ""},
    "verify": {
        "image": "", "equal": False, "instances": {}, "kept": False, "checks": [], "notes": [],
    },
    "stop": {"stopped": []},
    "prune": {"pruned": [], "kept": []},
    "images": {"images": [], "families": []},
    "pull": {"pulled": []},
    "build": {"built": []},
    "artifact": {"artifact": None},
    "write": {"written": None},
    "write --list": {"disks": []},
    "netboot": {"url": "", "dnsmasq": []},
    "publish": {"published": None},
    "runtimes": {"runtimes": []},
    "doctor": {"checks": [], "known_as_of": "", "fits": None},
    "completion": {"shell": "", "script": "", "settings": None},
}  # fmt: skip
"""The keys beside `errors`; the others have `instances`."""


@pytest.mark.parametrize("command", DOCUMENTS)
@pytest.mark.parametrize("first", [True, False], ids=["json-first", "json-last"])
def test_a_command_that_fails_prints_its_own_document(
    command: str, first: bool, engine: FakeEngine, web: Path, run: Run
) -> None:
    words = [*command.split(), *LINES.get(command, ["nosuch"])]
    ended = run(*(["--json", *words] if first else [*_before(words), "--json", *_after(words)]))
    answer = ended.json
    errors = answer.pop("errors")
    assert answer == EMPTY.get(command, {"instances": []})
    assert [error["code"] for error in errors] == [ERRORS.get(command, 2)]
    assert ended.status == (125 if command in ("exec", "shell") else errors[0]["code"])


def _before(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _after(words: list[str]) -> list[str]:
    return words[len(_before(words)) :]


@pytest.mark.parametrize("words", [["--json"], ["--json", "--nosuch"], ["ps", "--json", "x"]])
def test_wrong_use_has_a_document_too(words: list[str], engine: FakeEngine, run: Run) -> None:
    ended = run(*words)
    assert ended.status == 2
    assert ended.json["instances"] == []
    assert [error["code"] for error in ended.json["errors"]] == [2]


def test_a_dead_engine_is_a_note_of_ps_unless_it_is_named(
    engines: Callable[..., list[FakeEngine]], web: Path, run: Run
) -> None:
    """As docs/json.md says: what could be asked is listed."""
    dead, _ = engines("dead", "well")
    dead.before["instances"] = fails(NoRuntime("its daemon is down"))
    assert run("--on", "well", "web").status == 0
    for on, status in (
        ((), 0),
        (("--on", "dead,well"), 3),
        (("--on", "dead"), 3),
        (("--on", "well"), 0),
    ):
        ended = run("ps", "--json", *on)
        assert ended.status == status, on
        codes = [(error["code"], error["runtime"]) for error in ended.json["errors"]]
        assert codes == ([] if on == ("--on", "well") else [(3, "dead")])
        assert len(ended.json["instances"]) == (on != ("--on", "dead"))
    assert "`ps`" in PAGE.partition("## Exit statuses")[2]


def test_a_picture_and_a_document_do_not_fit_into_one_stream(
    engine: FakeEngine, web: Path, run: Run
) -> None:
    assert run("web").status == 0
    ended = run("screenshot", "--json", "web-fake-1", "-o", "-")
    assert (ended.status, ended.json["file"]) == (2, "")
