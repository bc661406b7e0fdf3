"""How many there were by when, as SVG: a step for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.bars import OTHERS, OURS

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 640, 300, 48, 44, 40, 16


def steps(title: str, counts: Mapping[str, Sequence[float]], *, ours: str) -> str:
    """`counts`: name → seconds from the beginning at which there was one more. That of `ours` is drawn thicker."""
    latest = max((moment for moments in counts.values() for moment in moments), default=0.0) or 1.0
    most = max((len(moments) for moments in counts.values()), default=0) or 1
    curves = "".join(
        _curve(name, sorted(moments), latest, most, place, is_ours=name == ours)
        for place, (name, moments) in enumerate(counts.items())
    )
    floor = HEIGHT - BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13" role="img" aria-label="{escape(title)}"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="12" y="24" font-weight="bold">{escape(title)}</text>'
        f'<path d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}" fill="none" stroke="#6b7280"/>'
        f'<text x="{LEFT - 6}" y="{TOP + 5}" text-anchor="end">{most}</text>'
        f'<text x="{LEFT - 6}" y="{floor + 5}" text-anchor="end">0</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 16}" text-anchor="end">{latest:,.0f} s</text>{curves}</svg>\n'
    )


def _curve(name: str, moments: Sequence[float], latest: float, most: int, place: int, *, is_ours: bool) -> str:
    across, down = (WIDTH - LEFT - RIGHT) / latest, (HEIGHT - TOP - BOTTOM) / most
    floor = HEIGHT - BOTTOM
    path = "".join(
        f"H{LEFT + moment * across:.1f}V{floor - number * down:.1f}" for number, moment in enumerate(moments, start=1)
    )
    colour, thickness = (OURS, 3) if is_ours else (OTHERS, 2)
    return (
        f'<path d="M{LEFT} {floor}{path}" fill="none" stroke="{colour}" stroke-width="{thickness}"/>'
        f'<text x="{WIDTH - RIGHT}" y="{floor - 12 - 20 * place}" text-anchor="end" fill="{colour}">'
        f"{escape(name)}</text>"
    )
