"""What is decided before anything is touched: where, under which name, with what."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcd_run.errors import HostTooSmall, NoRuntime, UsageError
from abcd_run.images.catalogue import Catalogue
from abcd_run.model import Format, Kind, Plan, Ready, Share
from abcd_run.plan import image_word, planner
from abcd_run.plan.arguments import Publish, published
from abcd_run.plan.planner import Planned, free_name
from abcd_run.plan.request import Request
from abcd_run.plan.target import Target
from abcd_run.plugins.fleet import Fleet
from abcd_run.plugins.registry import Registry
from abcd_run.runtime import Probe, Problem
from abcd_run.testing.fake import FakeEngine

Engines = Callable[..., list[FakeEngine]]
Write = Callable[..., Path]


def resolve(word: str, **wanted: Any) -> Target:
    return image_word.resolve(Request(word, **wanted), Catalogue.usual())


def plan(word: str, **wanted: Any) -> Planned:
    with Fleet(Registry.installed()) as fleet:
        return planner.plan(Request(word, **wanted), resolve(word, **wanted), fleet)


def one(word: str = "web", **wanted: Any) -> Plan:
    (planned,) = plan(word, **wanted).plans
    return planned


# Where


@pytest.mark.parametrize(
    ("on", "runtimes", "failed"),
    [
        (("auto",), ["podman"], []),
        (("all",), ["podman", "other"], []),
        (("other",), ["other"], []),
        (("other", "podman"), ["other", "podman"], []),
        (("podman", "docker"), ["podman"], ["docker"]),
        (("other", "virtual"), ["other"], ["virtual"]),
    ],
)
def test_runtimes(
    on: tuple[str, ...], runtimes: list[str], failed: list[str], engines: Engines, web: Path
) -> None:
    _, docker, _, virtual = engines("podman", "docker", "other", "virtual")
    docker.problem = Problem("not installed", "apt install docker")
    virtual.accepts = (Format.ISO,)
    plans = plan("web", on=on)
    assert [each.runtime for each in plans.plans] == runtimes
    assert [failure.runtime for failure in plans.failures] == failed


def test_auto_asks_no_more_than_it_must(engines: Engines, web: Path) -> None:
    docker, podman = engines("docker", "podman")
    plan("web")
    assert "probe" in podman.calls
    assert docker.calls == []


def test_the_profiles_order_wins(engines: Engines, write: Write) -> None:
    engines("podman", "docker", "own")
    write("x", "runtimes = ['nosuch', 'own']\n[abcdic]")
    assert one("x").runtime == "own"


def test_none_usable_lists_each_with_its_remedy(engines: Engines, web: Path) -> None:
    podman, docker, virtual = engines("podman", "docker", "virtual")
    podman.problem = Problem("podman is not installed", "apt install podman")
    docker.probed = Probe(problem=Problem("no daemon", "systemctl --user start docker"))
    virtual.accepts = (Format.ISO,)
    with pytest.raises(NoRuntime, match="no usable runtime") as caught:
        plan("web")
    assert caught.value.details.splitlines() == [
        "podman cannot be used: podman is not installed → apt install podman",
        "docker cannot be used: no daemon → systemctl --user start docker",
        "virtual cannot run abcdic-web → abcd-run web, or abcd-run runtimes to see what each takes",
    ]
    with pytest.raises(NoRuntime, match="docker cannot be used: no daemon"):
        plan("web", on=("docker",))


def test_a_variant_that_a_runtime_cannot_take(engines: Engines, write: Write) -> None:
    engines("podman")
    write("both", "[abcdic]\n[abcdik]")
    with pytest.raises(NoRuntime, match="podman cannot run abcdik-both") as caught:
        plan("abcdik-both", on=("podman",))
    assert caught.value.details == "podman takes abcdic"


def test_a_runtimes_best_format_decides_the_variant(engines: Engines, write: Write) -> None:
    (runtime,) = engines("two")
    write("both", "[abcdic]\n[abcdik]")
    runtime.accepts = (Format.ISO, Format.OCI)
    assert (one("both").kind, one("both").format) == (Kind.LIVE, Format.ISO)
    runtime.accepts = (Format.OCI, Format.ISO)
    assert (one("both").kind, one("both").format) == (Kind.CONTAINER, Format.OCI)


# What


def test_a_plan(engine: FakeEngine, web: Path) -> None:
    planned, again = one(), one()
    assert (planned.name, planned.image, planned.variant) == ("web-fake-1", "web", "abcdic-web")
    assert (planned.seed.hostname, planned.seed.user) == ("web-fake-1", "abcd")
    assert (planned.seed.image, planned.seed.runtime) == ("web", "fake")
    assert re.fullmatch(r"[A-Za-z0-9_-]{24,}", planned.seed.password)
    assert planned.seed.password != again.seed.password
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", planned.created)
    assert (planned.address, planned.ports, planned.named) == ("127.0.0.1", {}, False)
    assert planned.ready == Ready("web", timeout=20)


@pytest.mark.parametrize(
    ("image", "taken", "name"),
    [
        ("web", set(), "web-fake-1"),
        ("web", {"web-fake-1", "web-fake-3"}, "web-fake-2"),
        ("My_Image.x", set(), "my-image-x-fake-1"),
        ("i" * 99, set(), "i" * 50 + "-1"),
    ],
)
def test_free_name(image: str, taken: set[str], name: str) -> None:
    assert free_name(image, "fake", taken) == name


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"count": 2}, ["web-fake-1", "web-fake-2"]),
        ({"name": "mine"}, ["mine"]),
        ({"name": "mine", "count": 2}, ["mine-fake-1", "mine-fake-2"]),
        ({"name": "n" * 63}, ["n" * 63]),
    ],
)
def test_names(wanted: dict[str, Any], names: list[str], engine: FakeEngine, web: Path) -> None:
    assert [each.name for each in plan("web", **wanted).plans] == names


@pytest.mark.parametrize(
    ("publish", "services", "ports"),
    [
        ((), {"web": 8080, "ssh": 22}, {}),
        (("web=9000",), {"web": 8080, "ssh": 22}, {8080: 9000}),
        (("web=9000", "ssh=2222"), {"web": 8080, "ssh": 22}, {8080: 9000, 22: 2222}),
        (("5432",), {"web": 8080, "ssh": 22, "port-5432": 5432}, {}),
        (("5432=15432",), {"web": 8080, "ssh": 22, "port-5432": 5432}, {5432: 15432}),
        (("8080=9000",), {"web": 8080, "ssh": 22}, {8080: 9000}),
    ],
)
def test_publish(
    publish: tuple[str, ...],
    services: dict[str, int],
    ports: dict[int, int],
    engine: FakeEngine,
    web: Path,
) -> None:
    planned = one(publish=published(publish))
    assert {service.name: service.port for service in planned.services} == services
    assert planned.ports == ports


def test_services_of_one_variant_are_planned_for_that_alone(engines: Engines, write: Write) -> None:
    _, machine = engines("box", "machine")
    machine.accepts = (Format.ISO,)
    write(
        "both",
        "[abcdic]\n[abcdik]\n[services.web]\nport = 8080\nprotocol = 'http'\n"
        "[services.desktop]\nport = 10000\nprotocol = 'http'\nvariant = 'abcdic'\n"
        "[ready]\nservice = 'desktop'\npath = '/drawn'\n"
        "[screen]\ncommand = ['shoot', '-']",
    )
    box, other = one("both", on=("box",)), one("both", on=("machine",))
    assert [service.name for service in box.services] == ["web", "desktop"]
    assert [service.name for service in other.services] == ["web"]
    # Readiness waits for a service that the variant has.
    assert (box.ready.service, box.ready.path) == ("desktop", "/drawn")
    assert (other.ready.service, other.ready.path) == ("web", "/drawn")
    assert box.screen == other.screen == ("shoot", "-")
    with pytest.raises(UsageError, match="--publish desktop: no service 'desktop'"):
        one("both", on=("machine",), publish=(Publish("desktop"),))


def test_wishes_reach_the_plan(engine: FakeEngine, web: Path, home: Path) -> None:
    share = Share(home, "/mnt/home", read_only=True)
    planned = one(
        shares=(share,), env={"A": "b"}, password="given", command=("sh",), address="::1",
        timeout=3, rootful=True, pull="never", keyboard="ch(fr)", locale="fr_CH.UTF-8",
        changes={"resources": {"memory": "1MiB"}, "on": {"fake": {"turbo": True}}},
    )  # fmt: skip
    assert (planned.shares, planned.env, planned.seed.password) == ((share,), {"A": "b"}, "given")
    assert (planned.command, planned.address, planned.ready.timeout) == (("sh",), "::1", 3)
    assert (planned.seed.keyboard, planned.seed.locale) == ("ch(fr)", "fr_CH.UTF-8")
    assert (planned.rootful, planned.pull, planned.resources.memory) == (True, "never", 2**20)
    assert planned.options == {"turbo": True}


def test_options_are_those_of_the_runtime_at_hand(engines: Engines, write: Write) -> None:
    engines("one", "two")[1].options = {}
    write("x", "[abcdic]\n[on.one]\nflavour = 'sweet'\n[on.other]\nanything = 1")
    assert one("x", on=("one",)).options == {"flavour": "sweet"}
    assert one("x", on=("two",)).options == {}
    with pytest.raises(UsageError, match=r"on\.two\.flavour: unknown key"):
        plan("x", on=("two",), changes={"on": {"two": {"flavour": "x"}}})


def test_a_command_needs_a_runtime_that_takes_one(engine: FakeEngine, web: Path) -> None:
    engine.takes_command = False
    with pytest.raises(UsageError, match="fake cannot start a COMMAND") as caught:
        one(command=("echo", "a b"))
    assert caught.value.remedy.endswith("abcd-run exec web-fake-1 -- echo 'a b'")


def test_memory_is_that_of_all_together(
    engine: FakeEngine, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("abcd_run.host.this_host.memory_available", lambda: 3 * 2**30)
    monkeypatch.setattr("abcd_run.host.this_host.has_plenty", lambda _: False)
    changes = {"resources": {"memory": "1GiB"}}
    planner.check_memory(plan("web", count=3, changes=changes).plans)
    with pytest.raises(
        HostTooSmall, match="4 GiB of memory, but this host has 3 GiB free"
    ) as caught:
        planner.check_memory(plan("web", count=4, changes=changes).plans)
    assert caught.value.status == 7


def test_the_users_key_is_the_first_line_of_text(engine: FakeEngine, web: Path, home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id_ed25519.pub").write_bytes(b"\xff\xfe")
    (home / ".ssh" / "id_rsa.pub").write_text("ssh-rsa AAAA me\nssh-rsa BBBB other\n")
    assert one().seed.ssh_key == "ssh-rsa AAAA me"


def test_how_a_desktop_begins_is_the_profiles_to_say(engine: FakeEngine, web: Path) -> None:
    assert "ABCD_LOGIN" not in one().environment()
    greeted = one(changes={"login": "greeter"})
    assert greeted.environment()["ABCD_LOGIN"] == "greeter"


def test_an_image_without_a_profile_gets_no_key(engine: FakeEngine, home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id_rsa.pub").write_text("ssh-rsa AAAA me\n")
    for changes in ({}, {"user": "abcd"}):
        assert one("registry.example/nginx:1", changes=changes).seed.ssh_key == ""


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("ABCD_PASSWORD", "--password-file FILE"),
        ("ABCD_USER", "--set user=NAME"),
        ("ABCD_EXEC_KEY", "use a name that does not begin with ABCD_"),
    ],
)
def test_the_seeds_variables_are_not_the_users(
    key: str, remedy: str, engine: FakeEngine, web: Path
) -> None:
    with pytest.raises(UsageError, match=f"--env {key}: names that begin with ABCD_") as caught:
        plan("web", env={"A": "b", key: "x"})
    assert caught.value.remedy == remedy
    assert engine.calls == []


def test_nothing_is_touched(engine: FakeEngine, web: Path) -> None:
    plan("web", count=3)
    assert set(engine.calls) <= {"missing", "open", "probe", "instances", "check", "close"}


def test_plans_are_values(engine: FakeEngine, web: Path) -> None:
    with pytest.raises(AttributeError):
        one().name = "another"  # type: ignore[misc]


def test_options_that_reach_the_host_are_for_who_says_rootful(
    engine: FakeEngine, write: Write
) -> None:
    engine.trusts = lambda options: Problem("turbo: too fast", "without it") if options else None
    write("x", "[abcdic]\n[on.fake]\nturbo = true")
    with pytest.raises(UsageError, match=r"x\.toml: on\.fake\.turbo: too fast") as caught:
        plan("x")
    assert caught.value.remedy == "without it; or --rootful, if this is meant"
    assert "probe" not in engine.calls
    assert one("x", rootful=True).options == {"turbo": True}
