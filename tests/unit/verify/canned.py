"""What a small system says when it is asked: in place of an instance."""

import io
from collections.abc import Callable, Mapping

from PIL import Image

from abcd_run.verify.checks import HASH_FILES, LIST_FILES, OF_ROOT, PORTS, QUESTIONS, USERS

Texts = dict[str, str]
"""What is printed, by the question's name."""

HASH = "c0ffee" + "0" * 58
PASSWD = """\
user:root:x:0:0:root:/root:/bin/sh
user:abcd:x:1000:1000:ABCD,,,:/home/abcd:/bin/sh
group:root:x:0:
group:audio:x:29:abcd
group:abcd:x:1000:
"""
SYSTEM: Mapping[str, str] = {
    "release": 'NAME="ABCD"\nVERSION_ID="1"\n# a comment\n',
    "packages": "Package: dropbear\nStatus: install ok installed\nVersion: 2022.83\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nP:musl\nV:1.2.4-r2\n",
    "users and groups": PASSWD,
    "locale": "/etc/locale.conf LANG=C.UTF-8\nlogin LANG=C.UTF-8\n",
    "keyboard": '/etc/default/keyboard XKBLAYOUT="us"\nseed us\n',
    "time zone": "offset +0000\nname UTC\nlogin \n",
    "listening services": "00000000:0016\n00000000000000000000000000000000:1F90\n",
    "session user": "name abcd\nuid 1000\ngroup abcd\ngroups abcd audio\nhome /home/abcd\n",
    "processes": "init\ndropbear\nhttpd\nhttpd\n",
    "context": "init init\nkernel 6.1.0\nnetwork eth0 lo\ngraphics \nroot overlay\n",
    "files": "d 755 0:0 /usr/bin\nf 755 0:0 1200 /usr/bin/one\nf 644 0:0 3 /etc/two words\n"
    "f 644 0:0 9 /etc/hosts\nl '/bin/sh' -> 'busybox'\n",
    "hashes": f"{HASH}  /usr/bin/one\n{'b' * 64}  /etc/two words\n{'d' * 64}  /etc/hosts\n",
}

PLANTED: Mapping[str, tuple[str, str, str, str]] = {
    "a package": ("packages", "P:musl", "P:cowsay\nV:3\n\nP:musl", "packages"),
    "a user": (USERS, "user:abcd", "user:eve:x:9:9::/:/bin/sh\nuser:abcd", USERS),
    "a locale": ("locale", "login LANG=C.UTF-8", "login LANG=de_DE.UTF-8", "locale"),
    "a port": (PORTS, "00000000:0016", "00000000:0016\n00000000:1234", PORTS),
    "a mode": ("files", "f 755 0:0 1200", "f 4755 0:0 1200", "base files"),
    "a time zone": ("time zone", "name UTC", "name CET", "time zone"),
    "a keyboard": ("keyboard", "seed us", "seed fr", "keyboard"),
    "a process": ("processes", "dropbear", "dropbear\nminer", "processes"),
    "a hash": ("hashes", HASH, "f" * 64, "base files"),
}  # fmt: skip
"""The question, a text and what stands there instead, and the check that must find it."""


def said(*, but: str = "") -> Texts:
    """Return what a system says, with something planted."""
    texts = dict(SYSTEM)
    if but:
        question, old, new, _ = PLANTED[but]
        assert old in texts[question]
        texts[question] = texts[question].replace(old, new)
    return texts


def by_command() -> dict[tuple[str, ...], str]:
    """Return the questions' names by what is run for them."""
    return {one.command: one.name for one in (*QUESTIONS, OF_ROOT, LIST_FILES, HASH_FILES)}


def png(
    draw: Callable[[Image.Image], object] = lambda _: None, *, size: tuple[int, int] = (320, 200)
) -> bytes:
    """Return a picture of a screen with a wallpaper, drawn upon."""
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    draw(picture)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def clock(text: str) -> Callable[[Image.Image], object]:
    """Return a function that draws a clock, as wide as its text, into the lower right corner."""
    return lambda picture: picture.paste((0, 0, 0), (300 - 4 * len(text), 190, 320, 200))


def other_wallpaper(picture: Image.Image) -> None:
    """Draw another wallpaper."""
    picture.paste((10, 120, 10), (40, 40, 200, 150))
