"""Goss files: read, refused, and what they demand compared with what is there."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.errors import AbcdRunError, ProfileError
from abcd_run.host.bounded_output import Printed
from abcd_run.verify import goss, judge
from abcd_run.verify.ask import Said, said
from abcd_run.verify.goss import Resource
from tests.unit.fuzzing import examples
from tests.unit.verify import canned

GOSS = """
package:
  dropbear:
    title: the ssh server
    installed: true
    versions: ["2022.83"]
  emacs: {installed: false}
user:
  abcd: {exists: true, uid: 1000, groups: [abcd, audio], home: /home/abcd, shell: /bin/sh}
  eve: {exists: false}
group:
  audio: {exists: true, gid: 29}
file:
  /etc/os-release:
    exists: true
    mode: "0644"
    owner: root
    filetype: file
    contents: [ABCD, "!Windows"]
  link:
    path: /bin/sh
    exists: true
    linked-to: busybox
    filetype: symlink
port:
  tcp:22: {listening: true, ip: [0.0.0.0], skip: true}
  tcp:8080: {listening: true}
process:
  httpd: {running: true}
command:
  uname:
    exec: uname -s
    exit-status: 0
    stdout: Linux
    timeout: 5000
"""
FILE = "mode 0644\nsize 9\nowner root\ngroup root\nfiletype regular file\ncontents NAME=ABCD\n"
LINK = "mode 0777\nowner root\ngroup root\nfiletype symbolic link\nlinked-to busybox\n"


def heard(text: str, status: int = 0) -> Said:
    return said(Printed(status, text.encode(), b""))


def answers(**others: Said) -> dict[str, Said]:
    known = {name: heard(text) for name, text in canned.SYSTEM.items()}
    files = {"file /etc/os-release": heard(FILE), "file /bin/sh": heard(LINK)}
    return {**known, **files, "command uname -s": heard("Linux\n"), **others}


@pytest.fixture
def resources(tmp_path: Path) -> tuple[Resource, ...]:
    (tmp_path / "goss.yaml").write_text(GOSS)
    return goss.load(tmp_path / "goss.yaml")


def unmet(resources: tuple[Resource, ...], said: dict[str, Said]) -> dict[str, str]:
    answered, wanted = judge.answered(resources, said), judge.wanted(resources)
    assert answered.keys() == wanted.keys()
    return {key: value for key, value in answered.items() if value != wanted[key]}


def test_what_is_as_demanded(resources: tuple[Resource, ...]) -> None:
    assert len(judge.wanted(resources)) == 25
    assert unmet(resources, answers()) == {}


@pytest.mark.parametrize(
    ("question", "answer", "found"),
    [
        ("packages", heard("P:dropbear\nV:1\n"), {"package dropbear: versions 2022.83": "no"}),
        ("packages", heard("Package: emacs\nVersion: 1\n\nP:dropbear\nV:2022.83"),
         {"package emacs: installed": "yes"}),
        ("users and groups", heard(canned.PASSWD.replace("audio:x:29:abcd", "audio:x:30:")),
         {"user abcd: groups audio": "no", "group audio: gid": "30"}),
        ("file /etc/os-release", heard(FILE.replace("0644", "0600") + "contents Windows"),
         {"file /etc/os-release: mode": "0600", "file /etc/os-release: contents Windows": "yes"}),
        ("file /bin/sh", heard(""),
         {"file link: exists": "no", "file link: linked-to": "nothing",
          "file link: filetype": "nothing"}),
        ("listening services", heard(""), {"port tcp:8080: listening": "no"}),
        ("processes", heard("httpd2"), {"process httpd: running": "no"}),
        ("command uname -s", heard("", 127),
         {"command uname -s: exit-status": "127", "command uname -s: stdout Linux": "no"}),
    ],
)  # fmt: skip
def test_what_is_not_as_demanded(
    question: str, answer: Said, found: dict[str, str], resources: tuple[Resource, ...]
) -> None:
    found = {key.replace("file link", "file /bin/sh"): value for key, value in found.items()}
    assert unmet(resources, {**answers(), question: answer}) == found


def test_a_file_is_read_only_for_its_contents() -> None:
    plain, read = (
        judge.question(Resource("file", "/x", attributes)).command[-1]
        for attributes in ({"exists": True}, {"contents": ("a",)})
    )
    assert "contents" not in plain
    assert """[ -f "$f" ] && sed 's/^/contents /' "$f"\n""" in read


def test_what_is_asked_for_a_file(resources: tuple[Resource, ...]) -> None:
    questions = [judge.question(one) for one in resources]
    assert "packages" in {one.name for one in questions}
    (command,) = [one for one in questions if one.name.startswith("command")]
    assert (command.command, command.seconds) == (("/bin/sh", "-c", "uname -s"), 5.0)
    nasty = judge.question(Resource("file", "/x'; reboot '", {}))
    assert "f='/x'\"'\"'; reboot '\"'\"''" in nasty.command[-1]


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("", "the file: expected a table", "give"),
        ("- a", "the file: expected a table", "give"),
        ("a: [", "not a YAML file", "fix"),
        ("x: &a [*a]", "aliases are not read", "fix"),
        ("!!python/object/apply:os.system ['id']", "not a YAML file", "fix"),
        ("pakage: {}", "pakage: a type of resource", "package"),
        ("addr: {}", "addr: a type of resource", "remove it"),
        ("package: []", "package: expected a table", "give"),
        ("package: {x: 1}", "package.x: expected a table", "give"),
        ("package: {x: {instaled: true}}", "package.x.instaled: an attribute", "installed"),
        ("package: {x: {installed: 1}}", "package.x.installed: expected true or false", "give"),
        ("user: {x: {uid: true}}", "user.x.uid: expected a whole number", "give"),
        ("user: {x: {home: [a]}}", "user.x.home: expected a text", "give"),
        ("user: {x: {groups: [[a]]}}", "user.x.groups: expected a text", "give"),
        ('file: {/x: {contents: ["/a.*/"]}}', "regular expressions", "give"),
        ('file: {"a\\nb": {exists: true}}', "a name of one line", "give"),
        ("file: {x: {exists: true}}", "a path that starts with /", "give"),
        ('user: {x: {home: "a\\u001bb"}}', "a text of one line", "give"),
    ],
)
def test_a_bad_file(text: str, key: str, remedy: str, tmp_path: Path) -> None:
    path = tmp_path / "goss.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=key) as caught:
        goss.load(path)
    assert str(path) in caught.value.message
    assert remedy in caught.value.remedy


def test_too_many_resources(tmp_path: Path) -> None:
    path = tmp_path / "goss.yaml"
    lines = [f"  p{at}: {{running: true}}" for at in range(goss.RESOURCES + 1)]
    path.write_text("\n".join(["process:", *lines]))
    with pytest.raises(ProfileError, match="more than 1000"):
        goss.load(path)


SOME = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)
ATTRIBUTES = sorted({name for known in goss.TYPES.values() for name in known} | {"skip"})
FILES = st.dictionaries(
    st.sampled_from([*goss.TYPES, "dns"]),
    SOME | st.dictionaries(st.text(max_size=5), st.dictionaries(st.sampled_from(ATTRIBUTES), SOME)),
)


@examples(40)
@given(FILES)
def test_no_file_at_all_crashes(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "goss.yaml"
    path.write_text(yaml.safe_dump(content))
    try:
        resources = goss.load(path)
    except ProfileError:
        return
    judge.answered(resources, answers())


def test_without_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(AbcdRunError, match="PyYAML is needed") as caught:
        goss.load(tmp_path / "goss.yaml")
    assert caught.value.remedy.endswith("pip install 'abcd-run[verify]'")
