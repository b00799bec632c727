"""The contract suite passes an honest runtime, and catches each lie by a test that names it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from abcd_run_box import box

import abcd_run

ROOT = Path(__file__).parents[2]
LIES = Path(__file__).with_name("lies")
BOX = ROOT / "tests" / "third_party"
SECONDS = 240

CAUGHT = {
    "MakesUpHostRoot": "test_host_root_is_who_root_inside_is",
    "ForgetsMemory": "test_memory_is_limited",
    "ForgetsCpus": "test_cpus_are_limited",
    "LetsWrite": "test_share_is_read_only",
    "ListensElsewhere": "test_address_is_the_chosen_one",
    "StopsFollowing": "test_logs_follow",
    "WritesForTerminals": "test_cp_keeps_a_tree_both_ways",
    "BeginsElsewhere": "test_exec_begins_at_home",
    "ShowsOthers": "test_others_objects_are_not_ours",
    "ShowsPassword": "test_password_is_in_no_argument_list_ever",
    "FailsOnGone": "test_removing_what_is_gone",
    "GivesNamesAway": "test_taken_name_is_refused_always",
    "RefusesFreeNames": "test_free_name_is_given_always",
}
"""The lies of `lies/told.py`, each with the test that fails by it."""

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The variables of a host whose one runtime is `box`; all that it runs is ended."""
    if os.getuid() == 0:
        pytest.skip("root's namespaces have root inside")
    if problem := box.problem():
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"users get no namespaces here: {problem}")
    cache = tmp_path / "cache"
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("ABCD_RUN_CACHE", str(cache))
    monkeypatch.setenv("ABCD_RUN_PROFILES", str(LIES))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path / "plugins"), str(ROOT), str(BOX)])
    )
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    yield os.environ
    for left in box.root().glob("[!.]*"):
        box.remove(left.name)


def install(runtime: str, place: Mapping[str, str]) -> None:
    """Make a runtime the only one; the second distribution called abcd-run hides the first."""
    plugins = Path(place["PYTHONPATH"].partition(os.pathsep)[0])
    version = abcd_run.__version__
    info = plugins / f"abcd_run-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: abcd-run\nVersion: {version}\n")
    line = f"box = tests.unit.lies.told:BACKENDS.{runtime}"
    (info / "entry_points.txt").write_text(f"[abcd_run.runtimes]\n{line}\n")


def outcomes(runtime: str, place: Mapping[str, str], *choice: str) -> dict[str, str]:
    """Run the suite, or some tests of it, against a runtime; return how each test ended."""
    install(runtime, place)
    line = [
        sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=short",
        *choice, str(BOX / "suite/box_contract.py"),
    ]  # fmt: skip
    ended = subprocess.run(
        line, check=False, capture_output=True, text=True, timeout=SECONDS, env=place, cwd=ROOT
    )
    rows = re.findall(r"::(test_\w+)\S* (PASSED|FAILED|ERROR|SKIPPED)", ended.stdout)
    assert rows, ended.stdout + ended.stderr
    bad = {test: how for test, how in rows if how in ("FAILED", "ERROR")}
    print(ended.stdout)  # noqa: T201  (shown when this test fails)
    return dict(rows) | bad


def test_the_honest_one_passes(place: Mapping[str, str]) -> None:
    """That it passes all of the suite is in test_third_party_installed."""
    ends = outcomes("Honest", place, "-k", " or ".join(CAUGHT.values()))
    assert {test: how for test, how in ends.items() if how != "PASSED"} == {}
    assert {*CAUGHT.values()} <= {*ends}


@pytest.mark.parametrize("lie", CAUGHT)
def test_a_lie_is_caught(lie: str, place: Mapping[str, str]) -> None:
    assert outcomes(lie, place, "-k", CAUGHT[lie]) == {CAUGHT[lie]: "FAILED"}
