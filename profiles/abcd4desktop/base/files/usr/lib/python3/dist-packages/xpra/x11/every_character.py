"""Every character that a browser reports arrives, whatever the X server's layout is at the moment.

xpra 3.1 knows the browser's language, not its keyboard, and looks for a character among the keys of
a layout that it takes from there. What no key has is lost, and what a key has only together with
AltGr often comes out as that key's first character. Here a character that the present layout has
plain or with Shift comes from that key; each other one gets one of the keys that no layout uses.
"""

from collections.abc import Iterable
from typing import Any

from gi.repository import Gdk
from xpra.gtk_common.error import xsync
from xpra.x11 import server_keyboard_config
from xpra.x11.server_keyboard_config import X11Keyboard

LEVEL3 = {"ISO_Level3_Shift", "Mode_switch"}


class KeyboardConfig(server_keyboard_config.KeyboardConfig):
    """xpra's, but for characters."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, tuple[int, int]] = {}
        self.lent: list[int] = []

    def parse_options(self, props: Any) -> bool:
        """Release a key as soon as it is pressed: the browser repeats one that is held.

        A release that comes late, on a slow line or a busy host, would have X repeat it too.
        """
        changed = bool(super().parse_options(props))
        self.sync = False
        return changed

    def compute_modifier_keynames(self) -> None:
        """Also forget the keys: xpra calls this whenever the layout has changed."""
        super().compute_modifier_keynames()
        self.keys = {}

    def make_keymask_match(self, modifier_list: Iterable[str], *args: Any, **named: Any) -> None:
        """Never lock capitals here: the browser's characters are capitals already."""
        wanted = [one for one in modifier_list or () if one != "lock"]
        super().make_keymask_match(wanted, *args, **named)

    def do_get_keycode(  # noqa: PLR0917  (xpra's)
        self,
        client_keycode: int,
        keyname: str,
        pressed: bool,  # noqa: FBT001
        modifiers: list[str],
        keystr: str,
        group: int,
    ) -> tuple[int, int]:
        """Return the key to press and its group; change `modifiers` to what it takes."""
        # Of a dead key the browser tells what comes of it.
        if keyname == "Caps_Lock" or keystr.lower() == "dead":
            return -1, group
        character = _character(keyname, keystr)
        key = self._key(_name(character)) if character and pressed and self.enabled else None
        if key is None:
            return super().do_get_keycode(
                client_keycode, keyname, pressed, modifiers, keystr, group
            )
        keycode, level = key
        for modifier, names in self.keynames_for_mod.items():
            if LEVEL3.intersection(names) and modifier in modifiers:
                modifiers.remove(modifier)
        if "shift" in modifiers and level == 0:
            modifiers.remove("shift")
        elif "shift" not in modifiers and level == 1:
            modifiers.append("shift")
        return keycode, 0

    def _key(self, name: str) -> tuple[int, int] | None:
        """Return the key that gives a keysym, and 1 if with Shift."""
        with xsync:
            if X11Keyboard.parse_keysym(name) is None:
                return None
            if not self.keys:
                self.keys = _first_levels(X11Keyboard.get_keycode_mappings())
            if name not in self.keys:
                self._lend(name)
        return self.keys[name]

    def _lend(self, name: str) -> None:
        """Give a keysym a key of its own: an unused one, or the one that was given longest ago."""
        mappings = X11Keyboard.get_keycode_mappings()
        lowest, highest = X11Keyboard.get_minmax_keycodes()
        unused = [one for one in range(lowest, highest + 1) if not any(mappings.get(one, ()))]
        keycode = unused[-1] if unused else self.lent[0]
        self.lent = [*(one for one in self.lent if one != keycode), keycode]
        # Twice: a single letter would be its capital with Shift.
        keysym = X11Keyboard.parse_keysym(name)
        X11Keyboard.set_xmodmap([("keycode", keycode, [keysym, keysym])])
        self.keys = {old: key for old, key in self.keys.items() if key[0] != keycode}
        self.keys[name] = keycode, 0


def _first_levels(mappings: dict[int, list[str]]) -> dict[str, tuple[int, int]]:
    """Return the keysyms that keys give plain or with Shift: keycode and level by name."""
    keys: dict[str, tuple[int, int]] = {}
    for level in (0, 1):
        for keycode, names in sorted(mappings.items()):
            if len(names) > level:
                keys.setdefault(names[level], (keycode, level))
    return keys


def _character(keyname: str, keystr: str) -> str:
    """Return what the browser reported, or nothing if it was no character.

    The client cuts its text down to one byte and to a small letter: only the name is right.
    """
    keysym = X11Keyboard.parse_keysym(keyname) if len(keystr) == 1 else None
    return chr(Gdk.keyval_to_unicode(keysym)).strip("\0") if keysym else ""


def _name(character: str) -> str:
    """Return the name of a character's keysym as X knows it."""
    return str(Gdk.keyval_name(Gdk.unicode_to_keyval(ord(character)))).replace("U+", "U")
