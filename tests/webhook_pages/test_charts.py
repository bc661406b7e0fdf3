"""Drawings: true to the series, honest about gaps, readable at any width."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook_pages import samples
from webhook.charts import describe, draw, legend, round_step, time_ticks, vertical_axis
from worker.domain.report import Chart, Mark
from worker.domain.window import Window

SVG = "{http://www.w3.org/2000/svg}"
START = datetime(2026, 2, 26, 10, 0, tzinfo=UTC)


def chart_of(
    *values: float | None, unit: str = "g/min", band: tuple[float, float] | None = None, **fields: object
) -> Chart:
    low, high = ([bound] * len(values) if band else [] for bound in (band or (0, 0)))
    return Chart.model_validate(
        {
            "id": "carbon",
            "title": "CO₂",
            "unit": unit,
            "start": START,
            "step_seconds": 60,
            "values": values,
            "expected_low": low,
            "expected_high": high,
            "expected_likely": [sum(band) / 2] * len(values) if band else [],
        }
        | fields
    )


def drawn(chart: Chart) -> ET.Element:
    """Parsing it proves it well-formed."""
    return ET.fromstring(draw(chart, name="chart-1"))  # noqa: S314 - our own drawing


def shape(chart: Chart, kind: str) -> str:
    """The path data of all shapes of one kind."""
    paths = [path.attrib["d"] for path in drawn(chart).iter(f"{SVG}path") if path.attrib["class"] == kind]
    return " ".join(paths)


def labels(chart: Chart) -> list[str]:
    return [text.text or "" for text in drawn(chart).iter(f"{SVG}text")]


def test_line_goes_through_the_middle_of_each_step() -> None:
    assert shape(chart_of(0, 5, 10), "series") == "M0.5 1000.0 L1.5 500.0 L2.5 0.0"


def test_missing_samples_break_the_line_and_are_never_zero() -> None:
    chart = chart_of(5, 5, None, None, 5, 5)
    assert shape(chart, "series") == "M0.5 166.7 L1.5 166.7 M4.5 166.7 L5.5 166.7"
    missing = [rect.attrib for rect in drawn(chart).iter(f"{SVG}rect") if rect.attrib.get("class") == "missing"]
    assert [(rect["x"], rect["width"]) for rect in missing] == [("2", "2")]
    assert all(int(rect["y"]) + int(rect["height"]) == 1000 for rect in missing)
    assert "no sample" in [entry.label for entry in legend(chart)]
    assert "2 of 6 steps have no sample." in describe(chart)


def test_lone_sample_is_a_dot() -> None:
    assert shape(chart_of(None, 10, None), "series") == "M1.5 0.0 L1.5 0.0"


@pytest.mark.parametrize("values", [(), (None, None), (0, 0), (float("nan"), float("inf"))])
def test_chart_without_anything_to_draw_is_still_a_chart(values: tuple[float | None, ...]) -> None:
    assert shape(chart_of(*values), "outside") == ""
    assert labels(chart_of(*values))


def test_what_left_the_band_after_the_onset_is_marked_with_the_way_there_and_back() -> None:
    onset = Mark(at=START + timedelta(minutes=2), kind="onset", label="onset")
    chart = chart_of(10, 4, 10, 4, 4, band=(2, 6), marks=[onset])
    assert shape(chart, "outside") == "M1.5 600.0 L2.5 0.0 L3.5 600.0"
    assert "outside expected since the onset" in [entry.label for entry in legend(chart)]


def test_without_an_onset_only_what_lasts_is_marked() -> None:
    assert shape(chart_of(4, 9, 9, 4, 4, band=(2, 6)), "outside") == ""
    assert shape(chart_of(4, 1, 1, 1, 4, band=(2, 6)), "outside").count("L") == 4
    labels_of_steady = [entry.label for entry in legend(chart_of(4, 5, 4, band=(2, 6)))]
    assert not [label for label in labels_of_steady if label.startswith("outside")]


def test_band_reaches_over_every_step_it_is_known_for() -> None:
    assert shape(chart_of(4, 4, band=(0, 6)), "band").startswith("M0 0.0 L0.5 0.0 L1.5 0.0 L2 0.0 L2 1000.0")


def test_marks_stand_where_they_happened() -> None:
    marks = [
        Mark(at=START + timedelta(minutes=1), kind="deployment", label="deploy-1"),
        Mark(at=START + timedelta(minutes=2), kind="onset", label="onset"),
        Mark(at=START + timedelta(minutes=4), kind="alert", label="alert"),
        Mark(at=START - timedelta(hours=1), kind="deployment", label="earlier"),
    ]
    chart = chart_of(1, 1, 1, 1, marks=marks)
    groups = [group for group in drawn(chart).iter(f"{SVG}g") if group.attrib.get("class", "").startswith("mark")]
    lines = [line.attrib["x1"] for group in groups for line in group.iter(f"{SVG}line")]
    assert lines == ["25.00%", "50.00%", "100.00%"]
    assert [(entry.time, entry.label) for entry in legend(chart) if entry.time] == [
        ("10:01 UTC", "deploy-1"),
        ("10:02 UTC", "onset"),
        ("10:04 UTC", "alert"),
    ]


def test_many_deployments_are_counted_instead_of_listed() -> None:
    marks = [Mark(at=START + timedelta(minutes=1), kind="deployment", label=f"deploy-{n}") for n in range(9)]
    assert [entry.label for entry in legend(chart_of(1, 1, marks=marks))][-1] == "and 3 more"


@pytest.mark.parametrize(
    ("values", "unit", "top"),
    [
        ((0, 212), "g/min", "300 g/min"),
        ((0, 1_900), "g/min", "2 kg/min"),
        ((0, 0.031), "%", "0.04 %"),
        ((0, 9_000), "ms", "10,000 ms"),
        ((0, 24_000), "ms", "30 s"),
        ((0, 0), "requests/min", "1 requests/min"),
        ((0, 1), "", "1 "),
    ],
)
def test_axis_has_round_numbers_in_a_unit_that_fits(values: tuple[float, ...], unit: str, top: str) -> None:
    assert top in labels(chart_of(*values, unit=unit))


def test_axis_starts_at_zero_unless_values_are_below() -> None:
    assert vertical_axis(chart_of(70, 75)).low == 0
    assert vertical_axis(chart_of(-3, 4)).low <= -3


@given(st.lists(st.floats(-1e12, 1e12) | st.none(), max_size=20))
def test_axis_holds_every_value_between_few_ticks(values: list[float | None]) -> None:
    axis = vertical_axis(chart_of(*values))
    assert 2 <= len(axis.ticks) <= 7
    assert all(-0.01 <= axis.y(value) <= 1000.01 for value in values if value is not None)


@given(st.floats(1e-9, 1e12), st.integers(1, 10))
def test_step_divides_its_span_into_at_most_so_many(span: float, most: int) -> None:
    assert span / round_step(span, most=most) <= most * (1 + 1e-9)


@given(st.integers(1, 60 * 24 * 90), st.integers(0, 1440))
def test_times_are_few_and_inside(minutes: int, offset: int) -> None:
    window = Window.before(START + timedelta(minutes=offset), timedelta(minutes=minutes))
    ticks = time_ticks(window)
    assert len(ticks) <= 7
    assert all(window.start <= tick <= window.end for tick in ticks)
    assert len(ticks) >= 2 or minutes < 3


def test_times_are_utc_and_a_new_day_is_named() -> None:
    chart = chart_of(*[1.0] * 240, start=START.replace(hour=22))
    assert {"UTC", "23:00", "27 Feb", "01:00"} <= set(labels(chart))


def test_drawing_says_what_it_shows() -> None:
    chart = samples.charts()[0]
    text = describe(chart)
    assert text.startswith("07:58 to 10:58 UTC, 26 Feb 2026 (3 h), in steps of 2 min.")
    assert "5 of 90 steps have no sample." in text
    assert "Deployment at 10:38 UTC, 26 Feb 2026: deploy-8841, version 2.3.0." in text
    svg = drawn(chart)
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"].split() == [svg[0].attrib["id"], svg[1].attrib["id"]]


def test_every_step_can_be_read() -> None:
    titles = [title.text for title in drawn(chart_of(212.4, None, band=(40, 60))).iter(f"{SVG}title")]
    assert "10:00 UTC: 212 g/min (expected 40 to 60)" in titles
    assert "10:01 UTC: no sample (expected 40 to 60)" in titles


def test_drawing_is_fluid_and_carries_no_style_of_its_own() -> None:
    svg = draw(samples.charts()[0], name="chart-1")
    assert 'width="100%"' in svg
    assert not re.search(r"style=|<style|#[0-9a-f]{6}|rgb\(", svg)
    assert drawn(samples.charts()[0]).attrib.get("viewBox") is None


def test_hostile_names_stay_text() -> None:
    svg = drawn(samples.hostile().charts[0])
    assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= {
        *("svg", "title", "desc", "line", "rect", "path", "g", "text")
    }
