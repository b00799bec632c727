"""Which key of the X server stands for a character: the module that the desktops put into xpra."""

import sys
from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

PROFILES = Path(__file__).parents[2] / "profiles"
COPIES = [
    PROFILES / name / "base/files/usr/lib/python3/dist-packages/xpra/x11/every_character.py"
    for name in ("abcd4demo-desktop", "abcd4desktop")
]
NAMES = {"a": "a", "A": "A", "2": "2", "@": "at", "é": "eacute", "É": "Eacute", "€": "EuroSign"}
FRENCH = {
    24: ["a", "A", "a", "A"],
    11: ["eacute", "2", "eacute", "2"],
    19: ["agrave", "0", "agrave", "0", "at"],
    64: ["Alt_L"],
}
UNUSED = (93, 97)
PRESSED = True


class Server:
    """An X server's keys, between two numbers; `lent` are those that were given a character."""

    def __init__(self) -> None:
        self.keys: dict[int, list[str]] = {key: ["used"] for key in range(8, 98)}
        self.keys |= {**FRENCH, **{key: [] for key in UNUSED}}
        self.keysyms = {name: ord(character) for character, name in NAMES.items()}

    def parse_keysym(self, name: str) -> int | None:
        return self.keysyms.get(name)

    def get_keycode_mappings(self) -> dict[int, list[str]]:
        return {key: names for key, names in self.keys.items() if names}

    def get_minmax_keycodes(self) -> tuple[int, int]:
        return 8, 97

    def set_xmodmap(self, instructions: list[tuple[str, int, list[int]]]) -> None:
        for _, keycode, keysyms in instructions:
            self.keys[keycode] = [NAMES[chr(one)] for one in keysyms]


class Xpra:
    """xpra's own class, as far as ours needs it."""

    enabled = True
    asked = ""

    def __init__(self) -> None:
        self.keynames_for_mod = {"mod5": {"ISO_Level3_Shift"}, "shift": {"Shift_L"}}

    def parse_options(self, props: object) -> bool:
        self.sync = props
        return bool(props)

    def compute_modifier_keynames(self) -> None:
        pass

    def make_keymask_match(self, wanted: list[str], *_: Any) -> None:
        self.asked = " ".join(wanted)

    def do_get_keycode(self, *given: Any) -> tuple[str, int]:
        return "xpra's", given[-1]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def config(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return our class, in an xpra that is not here."""
    gdk = SimpleNamespace(
        keyval_to_unicode=lambda keysym: keysym,
        unicode_to_keyval=lambda number: number,
        keyval_name=lambda keysym: NAMES[chr(keysym)],
    )
    theirs = SimpleNamespace(KeyboardConfig=Xpra, X11Keyboard=server)
    stubs: dict[str, dict[str, Any]] = {
        "gi": {}, "gi.repository": {"Gdk": gdk}, "xpra": {}, "xpra.gtk_common": {},
        "xpra.gtk_common.error": {"xsync": nullcontext()},
        "xpra.x11": {"server_keyboard_config": theirs},
        "xpra.x11.server_keyboard_config": vars(theirs),
    }  # fmt: skip
    for name, members in stubs.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    spec = spec_from_file_location("every_character", COPIES[0])
    assert spec
    assert spec.loader
    ours = module_from_spec(spec)
    spec.loader.exec_module(ours)
    return ours.KeyboardConfig()


def key(config: Any, character: str, *held: str) -> tuple[Any, str]:
    """Return the key that is pressed for a character, and what is held with it."""
    modifiers = list(held)
    code, group = config.do_get_keycode(0, NAMES[character], PRESSED, modifiers, character, 0)
    assert group == 0
    return code, " ".join(modifiers)


def test_both_desktops_have_the_same() -> None:
    assert COPIES[0].read_bytes() == COPIES[1].read_bytes()


@pytest.mark.parametrize(
    ("character", "held", "pressed"),
    [
        ("a", (), (24, "")),
        ("A", ("shift",), (24, "shift")),
        ("2", (), (11, "shift")),
        ("é", ("shift",), (11, "")),
        ("é", ("mod5", "control"), (11, "control")),
        ("@", ("shift",), (97, "")),
        ("€", ("mod5",), (97, "")),
    ],
)
def test_a_key_of_the_layout_or_one_of_its_own(
    config: Any, character: str, held: tuple[str, ...], pressed: tuple[int, str]
) -> None:
    """One that wants AltGr here gets its own: AltGr means another thing on another keyboard."""
    assert key(config, character, *held) == pressed


def test_keys_of_their_own_are_kept_until_others_need_them(config: Any, server: Server) -> None:
    assert [key(config, one)[0] for one in "€@€@"] == [97, 93, 97, 93]
    assert key(config, "É")[0] == 97
    assert server.keys[97] == ["Eacute", "Eacute"], "a single letter has a capital"
    assert [key(config, one)[0] for one in "@É€"] == [93, 97, 93]


def test_another_layout_is_noticed(config: Any, server: Server) -> None:
    assert key(config, "€") == (97, "")
    server.keys[26] = ["EuroSign"]
    server.keys[97] = []
    config.compute_modifier_keynames()
    assert key(config, "€") == (26, "")


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("Caps_Lock", "capslock", -1),
        ("dead_circumflex", "Dead", -1),
        ("Left", "arrowleft", "xpra's"),
        ("unheard-of", "x", "xpra's"),
    ],
)
def test_what_is_no_character(config: Any, name: str, text: str, code: object) -> None:
    assert config.do_get_keycode(0, name, PRESSED, [], text, 0) == (code, 0)


def test_a_key_is_not_held_whatever_the_client_wants(config: Any) -> None:
    assert config.parse_options({"keyboard_sync": True})
    assert config.sync is False


def test_capitals_are_never_locked(config: Any) -> None:
    config.make_keymask_match(["lock", "shift"])
    assert config.asked == "shift"
