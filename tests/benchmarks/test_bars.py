"""The bars of the plots."""

from __future__ import annotations

import re
from html import unescape

from benchmarks.bars import bars


def test_bars_are_as_long_as_their_figures_and_text_stays_text() -> None:
    drawing = bars("a < b", "requests/s", {"ours": 50, "<other>": 100, "small": 0.5}, ours="ours")
    lengths = [float(width) for width in re.findall(r'width="([\d.]+)" height="16"', drawing)]
    assert lengths[0] * 2 == lengths[1] > lengths[2] > 0
    said = [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawing)]
    assert said == ["a < b", "ours", "50 requests/s", "<other>", "100 requests/s", "small", "0.50 requests/s"]


def test_nothing_measured_is_an_empty_drawing() -> None:
    assert re.fullmatch("<svg.*</svg>\n", bars("t", "u", {}, ours="ours"))
