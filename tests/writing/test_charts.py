"""Charts: arrays of one length, missing samples as None, marks at the moments that matter."""

from __future__ import annotations

from functools import cache
from itertools import chain

import pytest

from tests.analysis.builders import AS_OF
from tests.writing.cases import ONSET, SHOPS, Told, deployment, tell, told
from worker.domain.report import Chart
from worker.writing.charts import MOST, SHOWN

EVERY_SHOP = pytest.mark.parametrize("name", SHOPS)
HOLE = slice(200, 208)


def chart(one: Told, name: str) -> Chart:
    return next(each for each in one.report.charts if each.id == name)


@cache
def gappy() -> Told:
    """The bad deployment, with eight minutes of the metrics missing."""
    shop = deployment()
    shop.unsampled = HOLE
    return tell(shop)


@EVERY_SHOP
def test_a_charts_arrays_are_of_one_length(name: str) -> None:
    for each in told(name).report.charts:
        lengths = {len(each.values), len(each.expected_low), len(each.expected_likely), len(each.expected_high)}
        assert len(lengths) == 1
        assert lengths.pop() * each.step_seconds == SHOWN.total_seconds()


@EVERY_SHOP
def test_the_expected_band_is_in_order_and_not_below_nothing(name: str) -> None:
    for each in told(name).report.charts:
        for low, likely, high in zip(each.expected_low, each.expected_likely, each.expected_high, strict=True):
            if low is not None and likely is not None and high is not None:
                assert 0 <= low <= likely <= high


@EVERY_SHOP
def test_a_chart_ends_with_the_alert_and_cites_what_exists(name: str) -> None:
    one = told(name)
    known = {evidence.id for evidence in one.report.evidence}
    for each in one.report.charts:
        end = each.start.timestamp() + len(each.values) * each.step_seconds
        assert end == AS_OF.timestamp()
        assert each.evidence in known
        assert ("alert", AS_OF) in [(mark.kind, mark.at) for mark in each.marks]


@EVERY_SHOP
def test_charts_are_few_and_each_is_drawn_once(name: str) -> None:
    drawn = [each.id for each in told(name).report.charts]
    assert len(drawn) == len(set(drawn)) <= MOST


def test_what_deviates_is_drawn_first() -> None:
    assert told("deployment").report.charts[0].id == "errors"
    assert told("resource").report.charts[0].id == "carbon"


def test_nothing_read_is_nothing_drawn() -> None:
    assert told("silent").report.charts == []


def test_onset_and_deployment_are_marked() -> None:
    marks = {mark.kind: mark for mark in told("deployment").report.charts[0].marks}
    assert abs((marks["onset"].at - ONSET).total_seconds()) <= 120
    assert marks["deployment"].label == "deploy-2"


def test_values_are_the_measured_ones() -> None:
    one = told("resource")
    assert one.case.reading is not None
    measured = one.case.reading.signals["carbon"].values[-180:]
    assert chart(one, "carbon").values == pytest.approx(list(measured), rel=1e-5)


def test_shares_are_drawn_in_percent() -> None:
    drawn = chart(told("deployment"), "errors")
    assert drawn.unit == "%"
    assert max(value for value in drawn.values if value is not None) > 20


def test_the_band_holds_the_quiet_hours_and_not_the_spike() -> None:
    drawn = chart(told("resource"), "carbon")
    inside = [
        low <= value <= high
        for value, low, high in zip(drawn.values, drawn.expected_low, drawn.expected_high, strict=True)
        if value is not None and low is not None and high is not None
    ]
    assert sum(inside[:160]) / 160 > 0.75
    assert not any(inside[-10:])


def test_a_missing_sample_is_none_and_not_zero() -> None:
    for name in ("carbon", "traffic"):
        values = chart(gappy(), name).values
        first = HOLE.start - 60
        assert values[first : first + 8] == [None] * 8
        assert None not in values[:first]
        assert all(value for value in chain(values[:first], values[first + 8 :]))


def test_a_gap_in_the_metrics_is_none_in_the_logs() -> None:
    assert None not in chart(gappy(), "errors").values
