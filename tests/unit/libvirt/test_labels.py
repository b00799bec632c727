"""Metadata that we write into machines, and that others may have written."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcd_run.backend import record
from abcd_run.limits import TEXT_BYTES
from abcd_run_libvirt import labels
from abcd_run_libvirt.labels import Noted
from tests.unit.fuzzing import examples

NOTED = Noted({"abcd-run.name": "a<&\"'>b"}, "se]]>cret", {80: ("127.0.0.1", 1234)}, begun=True)

BOMB = """<!DOCTYPE instance [
<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]><instance><label key="k">&c;</label></instance>"""


def test_what_is_noted_comes_back() -> None:
    assert labels.read(labels.text(NOTED)) == NOTED
    before = Noted({}, "")
    assert labels.read(labels.text(before)) == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<instance",
        BOMB,
        "<instance><port inside='x' address='' port=''/></instance>",
        f"<instance><password>{'x' * TEXT_BYTES}</password></instance>",
        "<instance>" * 1000,
    ],
)
def test_what_others_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        labels.read(text)


def test_depth_is_no_danger() -> None:
    depth = TEXT_BYTES // 8
    assert labels.read("<a>" * depth + "</a>" * depth) == Noted({}, "")


TAGS = st.sampled_from(
    ["<instance>", "</instance>", "<label key='abcd-run.profile'>", "</label>", "<password>",
     "<port inside='80' address='::' port='9'/>", "&amp;", "&x;", "<![CDATA[", "]]>", "<!--",
     "<!DOCTYPE a [<!ENTITY x 'y'>]>", "<?x?>", '{"services":[{"name":1}]}', "[" * 5000, "\x00"]
)  # fmt: skip


@examples(100)
@given(st.lists(st.one_of(TAGS, st.text(max_size=20)), max_size=20).map("".join))
def test_any_metadata(text: str) -> None:
    """It is parsed, or refused with one error, and quickly."""
    begun = time.monotonic()
    try:
        noted = labels.read(f"<instance>{text}</instance>")
    except ValueError:
        return
    record.read(noted.labels)
    assert time.monotonic() - begun < 5
