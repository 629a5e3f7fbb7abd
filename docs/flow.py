"""
The picture of `architecture.md`: how a contract becomes a verdict, drawn anew at each build of the pages.
"""

from __future__ import annotations

from html import escape
from typing import Final

WIDTH, HEIGHT, GAP = 148, 50, 32
BOXES: Final = (
    ("schemas/", "what the vendor promises", 0, 0),
    ("contract", "operations, expectations", 1, 0),
    ("generation", "cases and scenarios", 2, 0),
    ("engine", "the one loop", 3, 0),
    ("network", "a server on a socket", 3, 1),
    ("emulator", "the documents as a server", 3, 2),
    ("recordings", "cassettes, offline", 3, 3),
    ("checks", "responses to findings", 1, 2),
    ("reports", "text, HTML, JUnit, SARIF", 0, 2),
)
"""The boxes: a package, what it gives, its column and its row."""
ARROWS: Final = (
    ("schemas/", "contract"),
    ("contract", "generation"),
    ("generation", "engine"),
    ("engine", "network"),
    ("network", "checks"),
    ("emulator", "checks"),
    ("recordings", "checks"),
    ("checks", "reports"),
)


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """
    A straight arrow: between facing sides of two boxes, or downwards in one column.
    """
    (x, y), (other_x, other_y) = start, end
    if x == other_x:
        return _drawn(x + WIDTH // 2, y + HEIGHT, other_x + WIDTH // 2, other_y)
    to_right = other_x > x
    return _drawn(
        x + (WIDTH if to_right else 0), y + HEIGHT // 2, other_x + (0 if to_right else WIDTH), other_y + HEIGHT // 2
    )


def _drawn(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" marker-end="url(#tip)"/>'


def svg() -> str:
    """
    The picture as one SVG element, in the colours of the text around it.
    """
    places = {name: (x * (WIDTH + GAP) + 2, y * (HEIGHT + GAP) + 2) for name, _, x, y in BOXES}
    width = max(x for x, _ in places.values()) + WIDTH + 4
    height = max(y for _, y in places.values()) + HEIGHT + 4
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" style="max-width:100%" '
        'aria-label="schemas to contract to generation to engine; engine to a server, the emulator or recordings; '
        'responses to checks to reports" fill="none" stroke="currentColor" font-size="13" font-family="sans-serif">'
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="currentColor" stroke="none"/></marker></defs>'
    )
    parts = [head, tip, *(_line(places[start], places[end]) for start, end in ARROWS)]
    for name, gives, _, _ in BOXES:
        x, y = places[name]
        middle = x + WIDTH // 2
        parts.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
            f'<g fill="currentColor" stroke="none" text-anchor="middle"><text x="{middle}" y="{y + 21}" '
            f'font-weight="bold">{escape(name)}</text><text x="{middle}" y="{y + 38}" font-size="11">'
            f"{escape(gives)}</text></g>"
        )
    return "\n".join([*parts, "</svg>"])
