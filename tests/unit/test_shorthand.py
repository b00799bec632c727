"""`--set KEY=VALUE` with a key that belongs to runtimes."""

from abcd_run.plan.shorthand import written_out
from abcd_run.plugins.entry_points import Entry
from abcd_run.plugins.registry import Registry

REGISTRY = Registry(
    {name: [Entry(name, f"abcd_run_{name}:BACKEND")] for name in ("podman", "libvirt")}
)


def test_a_runtimes_own_key() -> None:
    assert written_out({"accel": "tcg"}, REGISTRY) == {"on": {"libvirt": {"accel": "tcg"}}}


def test_the_long_form_wins_and_others_stay() -> None:
    given = {"accel": "tcg", "on": {"libvirt": {"accel": "kvm", "boot": "menu"}, "podman": {}}}
    assert written_out(given, REGISTRY) == {
        "on": {"libvirt": {"accel": "kvm", "boot": "menu"}, "podman": {}}
    }


def test_what_is_none_stays_to_be_refused() -> None:
    for given in ({"summary": "x"}, {"nosuch": 1}, {"accel": "tcg", "on": 3}):
        assert written_out(given, REGISTRY) == given
