"""What the host refuses is never called a bug, and says what to do."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from abcd_run.host import os_errors
from abcd_run.host.os_errors import unexpected
from abcd_run.plugins.registry import broken


@pytest.mark.parametrize("number", os_errors.REMEDIES, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", [None, "/a b/{x}", b"/\xff", 5])
def test_a_number_of_the_kernel_s(number: int, name: object) -> None:
    error = unexpected(OSError(number, os.strerror(number), name))
    assert os.strerror(number) in error.message
    assert error.remedy
    assert "{file}" not in error.remedy


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("can't start new thread"), "cannot start more processes or threads"),
        (FileNotFoundError(errno.ENOENT, "No such file", "skopeo"), "skopeo is not installed"),
    ],
)
def test_what_has_no_number(error: Exception, message: str) -> None:
    assert unexpected(error).message == message
    assert broken(error).message == message


def test_a_plug_in_is_not_to_blame_for_the_host() -> None:
    problem = broken(OSError(errno.EMFILE, "Too many open files", "/usr/lib/requests.py"))
    assert "plug-in" not in problem.message
    assert problem.remedy == "ulimit -n 4096"


def test_a_folder_that_could_not_be_copied(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "from").mkdir(exist_ok=True)
        (tmp_path / "from" / name).write_text("")
        (tmp_path / "from" / name).chmod(0)
    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(tmp_path / "from", tmp_path / "to")
    error = unexpected(caught.value)
    assert error.message.startswith(f"cannot write {tmp_path}/to/")
    assert "2 files in all" in error.details
    assert error.remedy.startswith("ls -ld ")  # what EACCES has
    assert "\n" not in error.message


@pytest.mark.parametrize("error", [OSError("no number"), OSError(errno.EBADF, "Bad"), KeyError()])
def test_a_bug_is_called_one(error: Exception) -> None:
    assert os_errors.told(error) is None
    assert unexpected(error).message == "this should not have happened"
