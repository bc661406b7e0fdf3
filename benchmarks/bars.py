"""Bars as SVG, each with its figure beside it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

WIDTH, NAMES, ROW, FIGURES = 640, 150, 28, 150
OURS, OTHERS = "#0b6e4f", "#9ca3af"


def bars(title: str, unit: str, values: Mapping[str, float], *, ours: str) -> str:
    """`values`: name → figure, from 0 on one scale. The bar of `ours` has a colour and a pattern of its own."""
    largest = max(values.values(), default=0) or 1
    height = 40 + ROW * len(values)
    rows = "".join(
        _row(40 + ROW * place, name, value, value / largest, unit, is_ours=name == ours)
        for place, (name, value) in enumerate(values.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 8}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="{escape(title)}"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="12" y="24" font-weight="bold">{escape(title)}</text>{rows}</svg>\n'
    )


def _row(y: int, name: str, value: float, share: float, unit: str, *, is_ours: bool) -> str:
    length = round(share * (WIDTH - NAMES - FIGURES), 1)
    figure = f"{value:,.0f}" if value >= 10 else f"{value:.2f}"
    edge = f' stroke="{OURS}" stroke-width="2"' if is_ours else ""
    return (
        f'<text x="{NAMES - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{NAMES}" y="{y + 3}" width="{length}" height="16" fill="{OURS if is_ours else OTHERS}"{edge}/>'
        f'<text x="{NAMES + length + 6}" y="{y + 15}">{figure} {escape(unit)}</text>'
    )
