"""A profile's runtime options, tried on the real engines: none of them reaches the host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from abcd_run.testing.cli import abcd_run
from tests.engines_here import need

NAME = "options-of-a-profile"


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "hostile.toml"
    abcd_run("stop", NAME)


def _hook(made: Path) -> str:
    line = f"lxc.hook.pre-start = /bin/touch {made}"
    return f'on.lxd.config={{"raw.lxc" = "{line}"}}'


def test_lxd_runs_no_hook_of_a_profile(profile: Path, tmp_path: Path) -> None:
    need("lxd")
    made = tmp_path / "made-by-the-hook"
    profile.write_text('parent = "abcd4demo"\n[abcdic]\n[on.lxd.config]\n"raw.lxc" = "x"\n')
    for arguments in ([str(profile)], ["--set", _hook(made), "abcd4demo"]):
        ended = abcd_run("--on", "lxd", "--name", NAME, *arguments)
        assert ended.status == 2
        assert "on.lxd.config: raw.lxc" in ended.err
        assert "--rootful" in ended.err
    assert not made.exists()


def test_lxd_runs_it_as_root_for_who_says_rootful(profile: Path, tmp_path: Path) -> None:
    """The hook would run: without this test, the one above could pass for a broken hook."""
    need("lxd")
    made = tmp_path / "made-by-the-hook"
    options = ("--rootful", "--no-wait", "--set", _hook(made))
    ended = abcd_run("--on", "lxd", "--name", NAME, *options, "abcd4demo")
    assert ended.status == 0, ended.err
    assert made.stat().st_uid == 0


@pytest.mark.parametrize("engine", ["podman", "docker"])
@pytest.mark.parametrize(
    "option", ['network = "host"', 'cap_add = ["SYS_ADMIN"]', 'devices = ["/dev/null"]']
)
def test_containers_get_nothing_of_the_host(engine: str, option: str, profile: Path) -> None:
    need(engine)
    profile.write_text(f'parent = "abcd4demo"\n[on.{engine}]\n{option}\n')
    ended = abcd_run("--on", engine, "--name", NAME, str(profile))
    assert ended.status == 2
    assert f"on.{engine}.{option.partition(' ')[0]}" in ended.err
    assert abcd_run("show", NAME).status == 2
