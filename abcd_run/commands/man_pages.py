"""The manual pages, made from the commands' own help when a wheel is built.

`python -m abcd_run.commands.man_pages DIR` writes them. click-man and help2man would make them too,
but the one does not know the Click inside Typer, and the other is not on every host that builds.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from abcd_run import __version__
from abcd_run.commands.group import COMMANDS, LAUNCH, NAME, cli
from abcd_run.errors import AbcdRunError

KEPT = "\b\n"
"""Begins a paragraph whose lines are kept, as Click marks it."""


def write(folder: Path) -> list[Path]:
    """Write the page of the program and one for each command into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {NAME: program(), **{f"{NAME}-{name}": command(name) for name in COMMANDS}}
    for name, page in pages.items():
        (folder / f"{name}.1").write_text(page, encoding="utf-8")
    return [folder / f"{name}.1" for name in pages]


def program() -> str:
    """Return the page of abcd-run itself."""
    brief, _, rest = (cli.help or "").partition("\n")
    usage = [f"{NAME} [OPTIONS] IMAGE [-- COMMAND…]", f"{NAME} COMMAND [ARGS]…"]
    return _page(NAME, brief, usage, [*_text(rest), *_commands(), *_statuses()], [LAUNCH, "doctor"])


def command(name: str) -> str:
    """Return the page of one command."""
    known = cli.get_command(None, name)
    assert known
    with known.make_context(f"{NAME} {name}", [], resilient_parsing=True) as context:
        usage = known.get_usage(context).removeprefix("Usage: ")
        options = [record for one in known.params if (record := one.get_help_record(context))]
    brief, _, rest = (known.help or "").partition("\n")
    return _page(f"{NAME}-{name}", brief, [usage], [*_text(rest), *_options(options)], [])


def _page(name: str, brief: str, usage: list[str], body: list[str], also: list[str]) -> str:
    others = [NAME] if name != NAME else [f"{NAME}-{one}" for one in also]
    lines = [
        f'.TH "{_plain(name.upper())}" 1 "" "{NAME} {__version__}" "User Commands"',
        ".SH NAME",
        f"{_plain(name)} \\- {_plain(brief.removesuffix('.'))}",
        ".SH SYNOPSIS",
        *_kept(usage),
        ".SH DESCRIPTION",
        _line(brief),
        *body,
        ".SH SEE ALSO",
        ", ".join(f"\\fB{_plain(one)}\\fR(1)" for one in others),
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> Iterator[str]:
    """Yield a help text: examples keep their lines, paragraphs are filled by the reader."""
    for paragraph in text.strip("\n").split("\n\n"):
        if paragraph.startswith(KEPT):
            yield ".PP"
            yield from _kept(paragraph.removeprefix(KEPT).splitlines())
        elif paragraph.strip():
            yield ".PP"
            yield from (_line(line.strip()) for line in paragraph.splitlines())


def _kept(lines: list[str]) -> list[str]:
    return [".nf", *map(_line, lines), ".fi"]


def _commands() -> Iterator[str]:
    yield ".SH COMMANDS"
    yield _line("Each has a page of its own, such as abcd-run-launch(1).")
    for name, (_, brief) in COMMANDS.items():
        yield from (".TP", f"\\fB{_plain(name)}\\fR", _line(brief))


def _options(records: list[Any]) -> Iterator[str]:
    yield ".SH OPTIONS"
    for names, explained in records:
        yield from (".TP", f"\\fB{_plain(names)}\\fR", _line(explained))


def _statuses() -> Iterator[str]:
    """Yield what each exit status means: each kind of error has one."""
    yield ".SH EXIT STATUS"
    means = {0: "Everything was done.", 1: "Some of it failed."}
    for error in sorted(_errors(AbcdRunError), key=lambda one: one.status):
        if error.status not in means and "status" in vars(error):
            means[error.status] = (error.__doc__ or "").partition("\n")[0]
    means[AbcdRunError.status] = "A runtime refused, or what it started ended by itself."
    for status, meaning in sorted(means.items()):
        yield from (".TP", f"\\fB{status}\\fR", _line(meaning))


def _errors(kind: type[AbcdRunError]) -> Iterator[type[AbcdRunError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _errors(one)


def _line(text: str) -> str:
    """Return a line of text: one that begins with a dot or a quote would be a request."""
    return ("\\&" if text.startswith((".", "'")) else "") + _plain(text)


def _plain(text: str) -> str:
    """Return text as it is typed: a bare hyphen may be printed as another character."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
