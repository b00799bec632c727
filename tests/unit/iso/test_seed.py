from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from pycdlib import PyCdlib

from abcd_run.errors import ArtifactError
from abcd_run.iso.medium import opened
from abcd_run.iso.seed import write_seed

if TYPE_CHECKING:
    from pathlib import Path

HARD = 'a\'b "c" $d `e` \\ ü'


def test_is_a_small_cd_that_only_its_owner_reads(tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    write_seed(seed, user_data="#cloud-config\n", meta_data="instance-id: a\n")
    assert seed.stat().st_mode & 0o777 == 0o600
    assert seed.stat().st_size < 400_000
    assert [path.name for path in tmp_path.iterdir()] == ["seed.iso"]
    with opened(seed) as medium:
        assert sorted(dict(medium.files())) == ["/abcd-seed", "/meta-data", "/user-data"]
        assert medium.text("/user-data") == "#cloud-config\n"


def test_has_the_label_and_names_for_readers_of_either_extension(tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    write_seed(seed, user_data="", meta_data="")
    assert b"cidata " in seed.read_bytes()[32768:34816]
    iso = PyCdlib()
    iso.open(str(seed))
    joliet = [child.file_identifier() for child in iso.list_children(joliet_path="/")]
    iso.close()
    assert "user-data".encode("utf-16-be") in joliet


def test_a_shell_reads_the_values_as_they_were(tmp_path: Path) -> None:
    seed, lines = tmp_path / "seed.iso", tmp_path / "lines"
    write_seed(seed, user_data="", meta_data="", values={"PASSWORD": HARD, "EMPTY": ""})
    with opened(seed) as medium:
        lines.write_text(medium.text("/abcd-seed"))
    shell: list[str | Path] = ["sh", "-c", '. "$1"; printf %s "$PASSWORD$EMPTY"', "sh", lines]
    assert subprocess.run(shell, check=True, capture_output=True, text=True).stdout == HARD


@pytest.mark.parametrize("values", [{"A": "b\nC=d"}, {"A B": "c"}, {"A;B": "c"}, {"1": "c"}])
def test_what_would_be_another_line_is_refused(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(ArtifactError) as caught:
        write_seed(tmp_path / "seed.iso", user_data="", meta_data="", values=values)
    assert "b\nC" not in str(caught.value)  # it may be the password
    assert list(tmp_path.iterdir()) == []


def test_replaces_an_older_seed(tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    for text in ("old", "new"):
        write_seed(seed, user_data=text, meta_data="")
    with opened(seed) as medium:
        assert medium.text("/user-data") == "new"
