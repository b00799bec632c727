"""The contract on the real VirtualBox, with a guest small enough for interpretation."""

from collections.abc import Iterator

import pytest

from abcd_run.testing.contract import RuntimeContract
from tests.guests import tiny


class TestVirtualBox(RuntimeContract):
    """The user's machines."""

    runtime = "virtualbox"
    keeps_files = False  # a live system is in memory
    image = "tiny"
    prints = "ABCD-READY"
    no_page = "it is a boot sector"
    no_system = "it is a boot sector"
    foreign = 'VBoxManage createvm --name "$NAME" --register'
    foreign_gone = 'VBoxManage unregistervm "$NAME" --delete'
    undoes_slowly = True  # a program for each question, whose answer may take 1.5 s

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def guest(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        """Make the image available to every command."""
        folder = tiny.make(tmp_path_factory.mktemp("guest") / "tiny")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ABCD_RUN_PROFILES", str(folder))
            yield
