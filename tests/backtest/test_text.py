"""The timeline of a terminal."""

from __future__ import annotations

import pytest

from cli.backtest_text import incident_line, lines, timeline
from tests.backtest.samples import SINCE, UNTIL, alert, backtest, hostile, rule
from worker.domain.window import Window

WEEK = Window(start=SINCE, end=UNTIL)


def drawn(*spans: tuple[float, float | None], width: int = 7) -> str:
    return timeline(rule(*(alert(start, end) for start, end in spans)), WEEK, width)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], "·······"),
        ([(24, 48)], "·█·····"),
        ([(25, 26)], "·▁·····"),
        ([(24, 36)], "·▅·····"),
        ([(12, 60)], "▅█▅····"),
        ([(150, None)], "······▇"),
        ([(24, 36), (26, 30)], "·▅·····"),
        ([(24, 30), (40, 46)], "·▅·····"),
    ],
)
def test_a_column_is_as_high_as_the_part_of_it_with_an_alert(
    spans: list[tuple[float, float | None]], expected: str
) -> None:
    assert drawn(*spans) == expected


def test_incidents_stand_where_they_began() -> None:
    line = incident_line(backtest(), backtest().rules[0], 70)
    assert (line.index("▲"), line.index("✗")) == (4, 41)


def test_what_is_missed_is_told_with_the_reason() -> None:
    told = "\n".join(lines(backtest(), 100))
    assert "▲ 2026-11-01 09:48 Trouble i1 (checkout): 12 min after its beginning, by checkout" in told
    assert "✗ 2026-11-05 04:00 Trouble i2 (checkout): no alert of its scope began meanwhile" in told
    assert "No simulated rule would have told of 1 incident:" in told


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_drawing_is_wider_than_the_terminal(width: int) -> None:
    drawings = [line for line in lines(backtest(), width) if set(line) & set("·▁█▲✗") and "began" not in line]
    assert drawings
    assert all(len(line) <= width for line in drawings[:2])


def test_hostile_names_stay_on_their_line() -> None:
    for line in lines(hostile(), 100):
        assert "\u202e" not in line
