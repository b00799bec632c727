"""Keyboards of three countries in browsers of other languages: each character arrives inside."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from abcd_run.testing.cli import abcd_run, launch
from tests.e2e.desktop.looking import (
    BUILD_SECONDS,
    DISPLAY,
    IMAGE,
    READY_SECONDS,
    SLOW,
    Document,
    inside,
    page,
)
from tests.engines_here import need
from tests.waiting import until

pytestmark = SLOW

SEED = "ch(fr)"
"""The instance's own layout."""

SHIFT = ("Shift", "ShiftLeft", 16)
ALTGR = ("AltGraph", "AltRight", 225)
CDP_SHIFT = 8
"""The bit for Shift in Chromium's own protocol; it has none for AltGr."""

FRENCH = """
    é Digit2, è Digit7, ç Digit9, à Digit0, ù Quote, ² Backquote, ! Slash, a KeyQ, m Semicolon
    < IntlBackslash
    Shift: 2 Digit2, 0 Digit0, ° Minus, £ BracketRight, µ Backslash, § Slash, % Quote, A KeyQ
    AltGr: € KeyE, ~ Digit2, # Digit3, { Digit4, [ Digit5, | Digit6, ` Digit7, \\ Digit8
    AltGr: ^ Digit9, @ Digit0, ] Minus, } Equal, ¤ BracketRight, œ KeyO
"""
GERMAN = """
    ä Quote, ö Semicolon, ü BracketLeft, ß Minus, z KeyY, y KeyZ, # Backslash, + BracketRight
    Shift: Ä Quote, Ö Semicolon, Ü BracketLeft, ? Minus, ° Backquote, § Digit3, / Digit7
    Shift: ' Backslash, Z KeyY
    AltGr: € KeyE, @ KeyQ, { Digit7, [ Digit8, ] Digit9, } Digit0, \\ Minus, ~ BracketRight
    AltGr: | IntlBackslash, ² Digit2, µ KeyM, „ KeyV, “ KeyB, ẞ KeyS
"""
SWISS = """
    ü BracketLeft, ö Semicolon, ä Quote, § Backquote, $ Backslash, z KeyY, ' Minus
    Shift: è BracketLeft, é Semicolon, à Quote, ç Digit4, ° Backquote, £ Backslash, + Digit1
    Shift: * Digit3
    AltGr: ¦ Digit1, @ Digit2, # Digit3, | Digit7, ¢ Digit8, [ BracketLeft, ] BracketRight
    AltGr: { Quote, } Backslash, \\ IntlBackslash, € KeyE
"""
"""What is printed on the keys, and where they are."""

US_NUMBERS = {
    "Backquote": 192, "Minus": 189, "Equal": 187, "BracketLeft": 219, "BracketRight": 221,
    "Backslash": 220, "Semicolon": 186, "Quote": 222, "Comma": 188, "Slash": 191,
    "IntlBackslash": 226,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A character as a keyboard's driver tells it to a browser."""

    character: str
    code: str
    held: str = ""

    @property
    def number(self) -> int:
        """The `keyCode`, by which pages know keys of old."""
        known = US_NUMBERS.get(self.code)
        return known or ord(self.code[-1])


def keys(printed: str) -> list[Key]:
    """Read a keyboard as it is written above."""
    read = []
    for line in filter(None, map(str.strip, printed.splitlines())):
        held, colon, rest = line.partition(": ")
        for pair in (rest if colon else line).split(", "):
            character, code = pair.split()
            read.append(Key(character, code, held if colon else ""))
    return read


def press(cdp: CDPSession, key: Key) -> None:
    """Press a key, and before it what must be held, as a person does."""
    bits = CDP_SHIFT if key.held == "Shift" else 0
    held = {"Shift": SHIFT, "AltGr": ALTGR}.get(key.held)
    if held:
        _send(cdp, "rawKeyDown", held, bits)
    this = (key.character, key.code, key.number)
    _send(cdp, "keyDown", this, bits, text=key.character)
    _send(cdp, "keyUp", this, bits)
    if held:
        _send(cdp, "keyUp", held, 0)


def _send(
    cdp: CDPSession, kind: str, key: tuple[str, str, int], bits: int, *, text: str = ""
) -> None:
    name, code, number = key
    event = {"type": kind, "key": name, "code": code, "modifiers": bits, "text": text}
    cdp.send("Input.dispatchKeyEvent", {**event, "windowsVirtualKeyCode": number})


@pytest.fixture(scope="module")
def desktop() -> Iterator[Document]:
    """Return a desktop whose seed has a keyboard of its own."""
    need("podman")
    wanted = ("--on", "podman", "--keyboard", SEED, IMAGE)
    (instance,) = launch(*wanted, within=BUILD_SECONDS + READY_SECONDS)
    yield instance
    abcd_run("stop", instance["name"])


def typed(desktop: Document, opened: Page, pressed: list[Key]) -> str:
    """Return what arrives in a program in the terminal."""
    inside(desktop, "rm -f /tmp/typed")
    opened.mouse.click(300, 560)
    opened.keyboard.type("head -n 1 >/tmp/typed\n", delay=20)
    until(lambda: inside(desktop, "pidof head || :") != "", within=10)
    cdp = opened.context.new_cdp_session(opened)
    for key in pressed:
        press(cdp, key)
    opened.keyboard.press("Enter")
    until(lambda: inside(desktop, "pidof head || :") == "", within=10)
    return inside(desktop, "cat /tmp/typed").removesuffix("\n")


@pytest.mark.parametrize(
    ("printed", "language", "layout"),
    [
        pytest.param(FRENCH, "en-US", "", id="french-in-english"),
        pytest.param(GERMAN, "fr-FR", "us", id="german-in-french", marks=pytest.mark.soak),
        pytest.param(SWISS, "de-DE", "fr", id="swiss-in-german"),
    ],
)
def test_each_character_arrives(
    desktop: Document, browser: Browser, printed: str, language: str, layout: str
) -> None:
    """Whatever the browser's language, the seed's layout, and one that somebody chooses inside."""
    with page(browser, desktop, locale=language) as opened:
        if layout:
            inside(desktop, DISPLAY + f"setxkbmap -layout {layout}")
        pressed = keys(printed)
        assert typed(desktop, opened, pressed) == "".join(key.character for key in pressed)
        # The browser's language changes nothing.
        assert f"{layout or SEED}\n" in inside(desktop, DISPLAY + "setxkbmap -query")
