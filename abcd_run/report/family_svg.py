"""The family tree as an SVG: a box for each image, its variants as thin layers on top of it.

It is plain text: no script, no font or picture from elsewhere. All names come from profiles and
are escaped.
"""

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

from abcd_run.report.family_tree import Bar, Node
from abcd_run.units import format_size
from abcd_run.visible import visible

WIDTH, HEIGHT = 270, 62
"""Of an image's box, in pixels."""

BAR, GAP = 18, 3
"""Height of a variant's layer, and the space between two."""

BESIDE, BELOW, MARGIN = 28, 46, 20
"""Space between siblings, between generations, and around the tree."""

LEGEND = 150
"""Width of one explanation of a colour."""

NAME_SHOWN, SUMMARY_SHOWN, LINE_SHOWN = 24, 66, 36
"""Characters of a name, of a summary on two lines, and of one line."""

COLOURS = {"abcdic": "#2f7fb8", "abcdik": "#3f9a5f", "abcdib": "#b8812f"}
OTHER = "#777777"
KINDS = {"abcdic": "in containers", "abcdik": "on machines", "abcdib": "in a browser"}

STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#1c2733}"
    ".name{font-size:15px;font-weight:600}.summary{font-size:11px;fill:#5a6775}"
    ".bar{font-size:11px;fill:#ffffff}.box{fill:#f3f6f9;stroke:#c3ccd6}"
    ".edge{fill:none;stroke:#9aa7b4;stroke-width:1.5}"
)


def drawn(roots: Sequence[Node]) -> str:
    """Return the picture of some trees side by side."""
    tallest = max((_deep(one) for one in roots), default=0)
    bars = max((_most_bars(one) for one in roots), default=0)
    step = _height(bars) + BELOW
    parts, left = list[str](), MARGIN
    for one in roots:
        parts += _tree(one, left, 0, bars)
        left += _wide(one) + BESIDE
    width = max(left - BESIDE + MARGIN, 2 * MARGIN + len(KINDS) * LEGEND)
    height = 2 * MARGIN + max(tallest * step - BELOW, 0) + 24
    legend = _legend(height - MARGIN)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>The family tree of the images</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *parts,
        *legend,
        "</svg>\n",
    ])  # fmt: skip


def _wide(node: Node) -> int:
    children = sum(_wide(one) for one in node.children) + BESIDE * (len(node.children) - 1)
    return max(WIDTH, children)


def _deep(node: Node) -> int:
    return 1 + max((_deep(one) for one in node.children), default=0)


def _most_bars(node: Node) -> int:
    return max(len(node.bars), *(_most_bars(one) for one in node.children), 0)


def _height(bars: int) -> int:
    return HEIGHT + bars * (BAR + GAP)


def _tree(node: Node, left: int, generation: int, bars: int) -> Iterator[str]:
    """Yield the parts of an image and of all below it; `bars` is the most that any image has."""
    middle = left + _wide(node) // 2
    top = MARGIN + generation * (_height(bars) + BELOW)
    box = top + bars * (BAR + GAP)
    inner = left
    for child in node.children:
        below = inner + _wide(child) // 2
        foot = top + _height(bars) + BELOW + (bars - len(child.bars)) * (BAR + GAP)
        yield _edge(middle, box + HEIGHT, below, foot)
        yield from _tree(child, inner, generation + 1, bars)
        inner += _wide(child) + BESIDE
    yield from _box(node, middle - WIDTH // 2, box)


def _edge(left: int, top: int, right: int, bottom: int) -> str:
    half = (top + bottom) // 2
    path = f"M{left} {top}C{left} {half} {right} {half} {right} {bottom}"
    return f'<path class="edge" d="{path}"/>'


def _box(node: Node, left: int, top: int) -> Iterator[str]:
    yield "<g>"
    yield f"<title>{_text(node.summary, len(node.summary))}</title>"
    yield f'<rect class="box" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
    yield f'<text class="name" x="{left + 12}" y="{top + 22}">{_text(node.name, NAME_SHOWN)}</text>'
    if node.adds is not None:
        place = f'x="{left + WIDTH - 12}" y="{top + 22}" text-anchor="end"'
        yield f'<text class="summary" {place}>+ {format_size(node.adds)}</text>'
    for number, line in enumerate(_wrapped(node.summary)):
        place = f'x="{left + 12}" y="{top + 38 + 13 * number}"'
        yield f'<text class="summary" {place}>{_text(line, LINE_SHOWN)}</text>'
    for number, bar in enumerate(reversed(node.bars), start=1):
        yield from _bar(bar, left, top - number * (BAR + GAP))
    yield "</g>"


def _bar(bar: Bar, left: int, top: int) -> Iterator[str]:
    colour = COLOURS.get(bar.kind, OTHER)
    shape = f'x="{left}" y="{top}" width="{WIDTH}" height="{BAR}" rx="4"'
    yield f'<rect fill="{colour}" {shape}/>'
    yield f'<text class="bar" x="{left + 12}" y="{top + 13}">{_text(bar.name, NAME_SHOWN)}</text>'
    if bar.adds is not None:
        place = f'x="{left + WIDTH - 12}" y="{top + 13}" text-anchor="end"'
        yield f'<text class="bar" {place}>+ {format_size(bar.adds)}</text>'


def _legend(top: int) -> Iterator[str]:
    left = MARGIN
    for kind, where in KINDS.items():
        shape = f'x="{left}" y="{top - 9}" width="12" height="10" rx="2"'
        yield f'<rect fill="{COLOURS[kind]}" {shape}/>'
        yield f'<text class="summary" x="{left + 17}" y="{top}">{kind}: {where}</text>'
        left += LEGEND


def _wrapped(summary: str) -> list[str]:
    """Return a summary on at most two lines."""
    return wrap(_cut(summary, SUMMARY_SHOWN), LINE_SHOWN)[:2]


def _text(text: str, most: int) -> str:
    return escape(visible(_cut(text, most)))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
