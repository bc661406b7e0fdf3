"""The style sheet: readable in both themes, on paper, and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "webhook/static/spiketrace.css").read_text(encoding="utf-8")
WCAG_AA = 4.5
WCAG_GRAPHICS = 3.0


def theme(name: str) -> dict[str, str]:
    blocks = {
        "light": re.findall(r"^:root \{(.*?)\}", CSS, re.DOTALL | re.MULTILINE)[0],
        "dark": re.findall(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", CSS, re.DOTALL)[0],
        "print": re.findall(r"@media print \{\s*:root \{(.*?)\}", CSS, re.DOTALL)[0],
    }
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", blocks[name]))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark", "print"])
@pytest.mark.parametrize("ink", ["ink", "muted", "link", "critical", "high", "medium", "low", "quiet-verdict"])
def test_text_can_be_read(name: str, ink: str) -> None:
    colours = theme(name)
    for ground in ("page", "surface", "sunken"):
        assert contrast(colours[ink], colours[ground]) >= WCAG_AA, (ink, ground)


@pytest.mark.parametrize("name", ["light", "dark", "print"])
@pytest.mark.parametrize("line", ["series", "deviation"])
def test_lines_of_charts_can_be_told_from_the_ground(name: str, line: str) -> None:
    colours = theme(name)
    assert contrast(colours[line], colours["page"]) >= WCAG_GRAPHICS


@pytest.mark.parametrize(
    "rule", ["prefers-color-scheme: dark", "@media print", ":focus-visible", "max-width: 45.99rem"]
)
def test_style_sheet_covers(rule: str) -> None:
    assert rule in CSS


def test_style_sheet_loads_nothing() -> None:
    assert not re.search(r"@import|url\(|@font-face", CSS)


def test_no_table_has_a_class_that_lays_its_parts_out_side_by_side() -> None:
    """As when a list on another page is given the same name: then the head stands beside the body."""
    laid_out = set(re.findall(r"\.([a-z-]+) \{[^}]*display: (?:inline-)?(?:flex|grid)", CSS))
    templates = Path(__file__).parents[2].glob("webhook/templates/*.html")
    of_tables = {
        name
        for template in templates
        for classes in re.findall(r'<table class="([^"]*)"', template.read_text(encoding="utf-8"))
        for name in classes.split()
    }
    assert {"tally", "impact"} <= of_tables
    assert laid_out
    assert not laid_out & of_tables
