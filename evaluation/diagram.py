"""A reliability diagram as SVG: for each bin of confidence, how many of its rankings were right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import sqrt

from evaluation.scores import calibration_table

SIZE, MARGIN = 360, 48
# Told apart without colour as well: each series has a shape of its own.
COLOURS = ("#0b6e4f", "#c2410c", "#1d4ed8")
LARGEST = 14.0


def diagram(series: Mapping[str, Sequence[tuple[float, bool]]]) -> str:
    """`series`: name → (confidence, whether it was right). A mark's area is its number of rankings."""
    height = SIZE + MARGIN + 24 * len(series)
    marks = [_marks(found, number) for number, found in enumerate(series.values())]
    legend = [_legend(name, number) for number, name in enumerate(series)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE + MARGIN + 16} {height + 16}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="Confidence against the share that was right">'
    )
    back = f'<rect width="100%" height="100%" fill="#fff"/>{_axes()}'
    return f"{head}{back}{''.join(marks)}{''.join(legend)}</svg>\n"


def _x(confidence: float) -> float:
    return round(MARGIN + confidence * (SIZE - 16), 1)


def _y(share: float) -> float:
    return round(16 + (1 - share) * (SIZE - 48), 1)


def _axes() -> str:
    lines = "".join(
        f'<path d="M{_x(0)} {_y(k / 4)}H{_x(1)}M{_x(k / 4)} {_y(0)}V{_y(1)}" stroke="#ddd"/>'
        f'<text x="{_x(0) - 6}" y="{_y(k / 4) + 4}" text-anchor="end">{k / 4:g}</text>'
        f'<text x="{_x(k / 4)}" y="{_y(0) + 16}" text-anchor="middle">{k / 4:g}</text>'
        for k in range(5)
    )
    diagonal = f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#888" stroke-dasharray="4 4"/>'
    names = (
        f'<text x="{_x(0.5)}" y="{_y(0) + 32}" text-anchor="middle">confidence</text>'
        f'<text x="14" y="{_y(0.5)}" text-anchor="middle" transform="rotate(-90 14 {_y(0.5)})">right</text>'
    )
    return lines + diagonal + names


def _marks(found: Sequence[tuple[float, bool]], number: int) -> str:
    table = calibration_table(found)
    most = max((count for _, _, count in table), default=1)
    return "".join(
        _mark(_x(mean), _y(share), max(3.0, LARGEST * sqrt(count / most)), number) for mean, share, count in table
    )


def _mark(x: float, y: float, radius: float, number: int) -> str:
    style = f'fill="{COLOURS[number % len(COLOURS)]}" fill-opacity="0.35" stroke="{COLOURS[number % len(COLOURS)]}"'
    if number % 3 == 0:
        return f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" {style}/>'
    if number % 3 == 1:
        side = f"{2 * radius:.1f}"
        return f'<rect x="{x - radius:.1f}" y="{y - radius:.1f}" width="{side}" height="{side}" {style}/>'
    points = f"{x},{y - radius:.1f} {x - radius:.1f},{y + radius:.1f} {x + radius:.1f},{y + radius:.1f}"
    return f'<polygon points="{points}" {style}/>'


def _legend(name: str, number: int) -> str:
    y = SIZE + 32 + 24 * number
    return f'{_mark(MARGIN, y, 6, number)}<text x="{MARGIN + 16}" y="{y + 4}">{escape(name)}</text>'
