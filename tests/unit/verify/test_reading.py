"""From output to facts, whatever an instance prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.host.bounded_output import Printed
from abcd_run.verify import ask, reading
from abcd_run.verify.checks import QUESTIONS
from tests.unit.fuzzing import examples
from tests.unit.verify import canned


def said(text: str, status: int = 0, complaint: str = "") -> ask.Said:
    return ask.said(Printed(status, text.encode(), complaint.encode()))


def test_packages() -> None:
    facts = reading.packages(said(canned.SYSTEM["packages"]))
    assert facts == {"dropbear": "2022.83", "musl": "1.2.4-r2"}
    assert reading.packages(said("")) == {}


def test_users_without_passwords_and_comments() -> None:
    facts = reading.users(said(canned.PASSWD + "user:bad\n"))
    assert facts == {
        "user root": "uid 0, gid 0, /root, /bin/sh",
        "user abcd": "uid 1000, gid 1000, /home/abcd, /bin/sh",
        "group root": "gid 0",
        "group audio": "gid 29, abcd",
        "group abcd": "gid 1000",
        "user:bad": "yes",
    }


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("00000000:0016", {"22": "from anywhere"}),
        ("0100007F:0016", {"22": "from inside only"}),
        ("00000000000000000000000001000000:1F90", {"8080": "from inside only"}),
        ("0000000000000000FFFF00000100007F:1F90", {"8080": "from inside only"}),
        ("0B00007F:A001", {}),
        ("0100007F:0016\n00000000:0016\n0100007F:0016", {"22": "from anywhere"}),
        ("nonsense", {"nonsense": "yes"}),
    ],
)
def test_ports(line: str, facts: dict[str, str]) -> None:
    assert reading.ports(said(line)) == facts


def test_settings_without_comments_and_quotes() -> None:
    text = "/etc/x # LANG=de\n/etc/x LANG='C'\n/etc/x \nseed us\nlogin TZ="
    assert reading.settings(said(text)) == {"/etc/x LANG": "C", "seed": "us", "login TZ": ""}


def test_files() -> None:
    facts = reading.files(
        said(canned.SYSTEM["files"] + "odd\n"), said(canned.SYSTEM["hashes"] + "odd too\n")
    )
    assert facts == {
        "/usr/bin": "folder, mode 755, 0:0",
        "/usr/bin/one": "mode 755, 0:0, 1200 bytes, sha256 c0ffee0000000000",
        "/etc/two words": "mode 644, 0:0, 3 bytes, sha256 bbbbbbbbbbbbbbbb",
        "/etc/hosts": "mode 644, 0:0, 9 bytes, sha256 dddddddddddddddd",
        "/bin/sh": "link to busybox",
        "odd": "yes",
    }


def test_a_file_that_cannot_be_read() -> None:
    facts = reading.files(said("f 600 0:0 1 /etc/secret"), said(""))
    assert facts == {"/etc/secret": "mode 600, 0:0, 1 bytes, sha256 unknown"}


def test_files_that_cannot_be_listed() -> None:
    facts = reading.files(said("", 127, "stat: not found"), said("", 1))
    assert facts == {"status of list files": "127", "status of hash files": "1"}


def test_lines_in_order() -> None:
    assert reading.numbered(said("b\na")) == {"line 1": "b", "line 2": "a"}
    assert reading.numbered(said("", 2, "no such file")) == {"exit status": "2: no such file"}


@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.name)
def test_a_command_that_fails_is_seen(one: object) -> None:
    read = next(other.read for other in QUESTIONS if other is one)
    assert read(said("", 127, "not found")) == {"exit status": "127: not found"}


@examples(200)
@given(st.binary(max_size=500), st.integers(0, 255))
def test_no_output_at_all_fails_or_controls_a_terminal(output: bytes, status: int) -> None:
    heard = ask.said(Printed(status, output, output))
    for one in QUESTIONS:
        facts = one.read(heard)
        assert all((key + value).isprintable() for key, value in facts.items())
    assert all(key.isprintable() for key in reading.files(heard, heard))


def test_output_without_end_is_cut() -> None:
    heard = ask.said(Printed(0, b"\n" * (ask.LINES + 9) + b"x", b""))
    assert len(heard.lines) == ask.LINES
    (long,) = ask.said(Printed(0, b"x" * 9999, b"")).lines
    assert len(long) == ask.LONGEST


def test_nothing_is_lost_in_what_is_shown() -> None:
    plain, painted = (ask.safe_lines(one)[0] for one in (b"red", b"\x1b[31mred\x1b[0m"))
    assert (plain, painted) == ("red", "\\x1b[31mred\\x1b[0m")
    assert ask.safe_lines(b"\xff\r\x00") == ["\\xff\\r\\x00"]
