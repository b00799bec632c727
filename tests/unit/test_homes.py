"""A home that is kept on the host: which folder, for whom, and for one instance at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from abcd_run import Session
from abcd_run.backend import record
from abcd_run.commands import home_option
from abcd_run.errors import Interrupted, LaunchFailed, UsageError
from abcd_run.model import Share
from abcd_run.plan.request import Request
from abcd_run.session import launches
from abcd_run.session.opened import Opened
from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine, fails

Run = Callable[..., Ended]
Write = Callable[..., Path]


@pytest.fixture
def lab(engine: FakeEngine, write: Write) -> "Session":
    write("lab", "user = 'abcd'\nhomedir = '/home/abcd'\n[abcdic]\n[services.web]\nport = 80\n")
    write("page", "[abcdic]\n")
    return Session()


def kept(lab: Session, **wanted: bool | str | Path | dict[str, str] | None) -> Share | None:
    with lab:
        (plan,) = lab.plan("lab", **wanted).plans  # type: ignore[arg-type]
    assert plan.home is None or plan.shares[0] is plan.home
    return plan.home


def test_it_goes_with_the_instance_unless_wanted(lab: Session) -> None:
    assert kept(lab) is None


def test_its_usual_folder_and_a_chosen_one(lab: Session, home: Path) -> None:
    usual = home / ".local/share/abcd-run/homes/lab"
    with lab:
        for wanted, folder in ((True, usual), ("mine", home / "work/mine"), ("~/x", home / "x")):
            (plan,) = lab.plan("lab", home=wanted).plans
            assert plan.home == Share(folder, "/home/abcd")


def test_profile_and_settings_may_want_it(lab: Session, home: Path) -> None:
    with lab:
        assert lab.plan("lab", set={"home": True}).plans[0].home
        assert not lab.plan("lab", set={"home": True}, home=False).plans[0].home
    (home / ".config/abcd-run/config.toml").write_text("home = true\n")
    with Session() as another:
        assert another.plan("lab").plans[0].home
        assert not another.plan("lab", set={"home": False}).plans[0].home
        # Nothing says where its home is: so it has none to keep.
        assert not another.plan("page").plans[0].home


@pytest.mark.parametrize(
    ("image", "wanted", "says", "remedy"),
    [
        ("page", {"home": True}, "where the home of page is", "--set homedir=/home/NAME"),
        ("lab", {"home": "/"}, "your home on this host", "--home"),
        ("lab", {"home": "~"}, "your home on this host", "--home"),
        ("lab", {"home": "~/a-file"}, "not a folder", "--home"),
        ("lab", {"home": True, "count": 2}, "2 instances cannot have one home", "--no-home"),
        (
            "registry.example/lab:1",
            {"home": True, "set": {"homedir": "/home/abcd"}},
            "comes from elsewhere",
            "--home=DIR",
        ),
    ],
)
def test_refusals(
    lab: Session, home: Path, image: str, wanted: dict[str, object], says: str, remedy: str
) -> None:
    (home / "a-file").touch()
    with lab, pytest.raises(UsageError, match=says) as caught:
        lab.plan(image, **wanted)  # type: ignore[arg-type]
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("inside", ["home/abcd", "/", "/home/../etc", "/home/a b", "/home/"])
def test_where_it_is_inside_is_a_plain_path(lab: Session, inside: str) -> None:
    with lab, pytest.raises(UsageError, match="homedir: expected an absolute path"):
        lab.plan("lab", home=True, set={"homedir": inside})


def test_one_instance_at_a_time(lab: Session, engine: FakeEngine, home: Path) -> None:
    folder = home / "kept"
    with lab:
        (first,) = lab.launch("lab", home=folder)
        assert record.read(first.instance.labels).home == str(folder)
        assert folder.stat().st_mode & 0o777 == 0o700
        (home / "link").symlink_to(folder)
        for same in (folder, home / "link"):
            with pytest.raises(UsageError, match=f"{first.name} is using the home") as caught:
                lab.launch("lab", home=same)
        assert f"abcd-run stop {first.name}" in caught.value.remedy
        (folder / "thesis").touch()
        lab.stop(first.name)
        assert (folder / "thesis").exists()
        lab.launch("lab", home=folder)


def test_what_has_ended_gets_its_home_back_unless_it_is_taken(
    lab: Session, engine: FakeEngine, home: Path
) -> None:
    folder = home / "kept"
    with lab:
        (first,) = lab.launch("lab", home=folder)
        engine.held[first.instance.runtime_id].state = "exited"
        engine.held[first.instance.runtime_id].close()
        (second,) = lab.launch("lab", home=folder)
        with pytest.raises(UsageError, match=f"{second.name} is using"):
            lab.start(first.name)
        lab.stop(second.name)
        lab.start(first.name)


def test_a_failed_launch_leaves_no_empty_home(lab: Session, engine: FakeEngine, home: Path) -> None:
    engine.before["start"] = fails(LaunchFailed("no"), times=2)
    with lab, pytest.raises(LaunchFailed):
        lab.launch("lab", home=home / "kept")
    assert not (home / "kept").exists()
    (home / "kept").mkdir()
    (home / "kept" / "thesis").touch()
    with Session() as another, pytest.raises(LaunchFailed):
        another.launch("lab", home=home / "kept")
    assert (home / "kept" / "thesis").exists()


def test_an_interrupted_launch_says_what_it_has_undone(
    lab: Session, engine: FakeEngine, home: Path
) -> None:
    engine.before["start"] = lab.cancel
    with lab, pytest.raises(Interrupted, match="everything that was started has been removed"):
        lab.launch("lab", home=home / "kept")
    assert (engine.held, (home / "kept").exists()) == ({}, False)


def test_verify_needs_no_home(lab: Session, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It launches several at once, and keeps nothing of them."""
    (home / ".config/abcd-run/config.toml").write_text("home = true\n")
    kept: list[Share | None] = []

    def launch(opened: Opened, request: Request, *, wait: bool) -> NoReturn:
        kept.extend(one.home for one in launches.planned_by(opened, request).plans)
        raise LaunchFailed("enough")

    monkeypatch.setattr(launches, "launch", launch)
    with lab, pytest.raises(LaunchFailed, match="enough"):
        lab.verify("lab")
    assert kept == [None]


def test_the_result_says_what_becomes_of_it(lab: Session, home: Path, run: Run) -> None:
    (home / "shared").mkdir()
    said = run("--share", f"{home}/shared:/mnt/work", "lab").out
    assert "gone at stop; --home at the launch keeps it" in said
    assert f"/mnt/work is {home}/shared" in said
    ended = run("--home=/tmp/../tmp/x", "--dry-run", "lab")
    assert ended.status == 0
    shown = run("--json", "--home", "lab").json["instances"][0]
    assert shown["home"] == f"{home}/.local/share/abcd-run/homes/lab"
    assert f"kept in {shown['home']}" in run("show", shown["name"]).out


@pytest.mark.usefixtures("lab")
def test_nobody_is_told_to_keep_it_where_that_cannot_be(engine: FakeEngine, run: Run) -> None:
    engine.no_folders = True
    (name,) = (one["name"] for one in run("--json", "lab").json["instances"])
    said = run("show", name).out
    assert "gone at stop" in said
    assert "--home" not in said


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--home", "web"], ["--home=", "web"]),
        (["--on", "fake", "web", "--home"], ["--on", "fake", "web", "--home="]),
        (["--home", "/a/folder", "web"], ["--home=/a/folder", "web"]),
        (["--home", "~/x", "web"], ["--home=~/x", "web"]),
        (["--home", "./mine.toml"], ["--home=", "./mine.toml"]),
        (["--home", "./layout"], ["--home=", "./layout"]),
        (["--home=y", "web"], ["--home=y", "web"]),
        (["exec", "web", "--", "x", "--home", "/a"], ["exec", "web", "--", "x", "--home", "/a"]),
        (["web", "--home", "--", "/bin/sh"], ["web", "--home=", "--", "/bin/sh"]),
    ],
)
def test_its_folder_may_be_missing(home: Path, words: list[str], meant: list[str]) -> None:
    Path("mine.toml").touch()
    Path("layout").mkdir()
    Path("layout/oci-layout").touch()
    assert home_option.with_home_spelled_out(words) == meant
