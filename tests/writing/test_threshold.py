"""The sentence about a rule's threshold: only where the rule and the past tell."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.writing.cases import quiet, tell, told
from worker.domain.alert import Alert, Rule
from worker.writing.threshold import sentence


def alert(value: float | None = 4.6, **params: Any) -> Alert:
    rule = Rule(id="r", params={"threshold": [3.0], "thresholdComparator": ">"} | params)
    return Alert(rule=rule, instance="x", uuid="u", action_group="a", date=told("quiet").report.timestamp, value=value)


def said(value: float | None = 4.6, **params: Any) -> str:
    return sentence(alert(value, **params), told("quiet").case)


def test_a_threshold_below_every_days_peak_is_named_with_one_that_would_be_silent() -> None:
    found = re.fullmatch(
        r"The threshold of 3 is below what the last (\d) days reached at this hour \(([\d.]+)\); "
        r"([\d.]+) would have stayed silent\.",
        said(),
    )
    assert found
    days, peak, better = int(found[1]), float(found[2]), float(found[3])
    assert days == 6
    assert peak > 4.4
    assert better == pytest.approx(1.1 * peak, rel=0.05)


def test_it_is_in_the_units_of_the_rule() -> None:
    """A rule that sums over ten minutes compares ten times the rate."""
    one, ten = said(4.6), said(46.0, threshold=[30.0])
    peaks = [float(re.findall(r"\(([\d.]+)\)", text)[0]) for text in (one, ten)]
    assert peaks[1] == pytest.approx(10 * peaks[0], rel=0.05)


@pytest.mark.parametrize("limit", [5.5, 100, 1e9])
def test_a_threshold_above_the_past_is_no_matter(limit: float) -> None:
    assert said(threshold=[limit]) == ""


@pytest.mark.parametrize(
    "params",
    [
        {"threshold": None},
        {"threshold": []},
        {"threshold": [1, 2]},
        {"threshold": ["3"]},
        {"threshold": 3},
        {"threshold": [None]},
        {"thresholdComparator": "<"},
        {"thresholdComparator": "between"},
        {"thresholdComparator": ["x"]},
        {"thresholdComparator": None},
        {"esqlQuery": {"esql": "FROM x"}},
        {"esQuery": '{"query": {"match_all": {}}, "runtime_mappings": {"above": {"type": "double"}}}'},
    ],
)
def test_a_rule_that_does_not_tell_is_not_advised(params: dict[str, Any]) -> None:
    assert said(**params) == ""


def test_a_query_that_only_filters_is_advised() -> None:
    assert said(esQuery='{"query": {"term": {"service": "checkout"}}}') == said() != ""


def test_an_alert_without_a_value_is_not_advised() -> None:
    assert said(None) == ""


def test_a_scope_without_a_past_is_not_advised() -> None:
    assert sentence(alert(), told("silent").case) == ""


def test_a_confirmed_spike_says_nothing_of_its_threshold() -> None:
    shop = quiet()
    shop.services[0].work = 3.0
    overview = tell(shop).report.sections.overview
    assert "threshold" not in overview.lower()
