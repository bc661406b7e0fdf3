"""The tools on a real engine's answers: what they tell, and what they refuse."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.conftest import END, REGION, SINCE
from worker.agent.tools.bounds import Bounds, bounds_of
from worker.agent.tools.result import LONGEST_RESULT, LONGEST_TEXT, Found, ToolRefused, result_of
from worker.agent.tools.toolbox import TOOLS, Toolbox
from worker.domain.lookup import Reading
from worker.domain.report import Report
from worker.domain.window import Window, iso
from worker.ports import Lookup
from worker.telemetry.lookup import ElasticLookup
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

WINDOW = {"start": iso(SINCE), "end": iso(END)}


@pytest.fixture
def box(lookup: ElasticLookup, report: Report) -> Toolbox:
    return Toolbox(lookup, bounds_of(report))


def rows(box: Toolbox, tool: str, **arguments: Any) -> list[dict[str, Any]]:
    return box.call(tool, WINDOW | arguments).rows


def test_the_region_with_the_spike_comes_first(box: Toolbox) -> None:
    first, second = rows(box, "carbon_spike_by_region")
    assert (first["region"], second["region"]) == (REGION, "europe-west1")
    assert first["times_baseline"] > 1.2 > second["times_baseline"]
    assert first["services"] == 2


def test_the_waste_is_that_of_the_faulty_service(box: Toolbox) -> None:
    first = rows(box, "excess_runtime_waste")[0]
    assert (first["service"], first["region"]) == ("checkout", REGION)
    assert first["excess_grams"] == pytest.approx(first["grams"] - first["expected_grams"], abs=0.02)
    assert first["cpu_pct"] > 1.5 * first["baseline_cpu_pct"]


def test_who_fails_is_told_first(box: Toolbox) -> None:
    first, *others = rows(box, "error_rate_by_service")
    assert first["service"] == "checkout"
    assert first["error_share"] == pytest.approx(first["errors"] / first["lines"], abs=1e-4)
    assert first["retries"] > 0
    assert all(one["error_share"] < 0.05 for one in others)


def test_a_deployment_is_found_in_the_hour_before(box: Toolbox) -> None:
    assert rows(box, "deployment_timeline") == []
    (found,) = rows(box, "deployment_timeline", start=iso(SINCE - timedelta(hours=1)))
    assert (found["deployment_id"], found["version"], found["status"]) == ("deploy-9", "2.3.0", "succeeded")
    assert rows(box, "deployment_timeline", start=iso(SINCE - timedelta(hours=1)), service="search") == []


def test_log_lines_are_found_by_words_and_told_once_without_secrets(box: Toolbox) -> None:
    (found,) = rows(box, "search_logs", words="pool", limit=5)
    assert found["seen"] == 5
    assert found["message"] == (
        "no connection in the pool for [redacted e-mail]: password=[redacted password], waited 5000 ms"
    )
    assert rows(box, "search_logs", words="zebra") == []
    assert rows(box, "search_logs", words="served", errors_only=False)


def test_log_patterns_tell_what_is_new(box: Toolbox) -> None:
    first = rows(box, "log_patterns", service="checkout")[0]
    assert (first["trend"], first["lines_before"]) == ("new", 0)
    assert "hunter2" not in json.dumps(first)


def test_windows_are_compared_signal_by_signal(box: Toolbox) -> None:
    (checkout,) = rows(box, "compare_windows", service="checkout")
    assert checkout["carbon"]["within"] > 1.4 * checkout["carbon"]["before"]
    assert checkout["carbon"]["unit"] == "g/min"
    assert checkout["memory"]["within"] == pytest.approx(checkout["memory"]["before"], rel=0.05)
    assert checkout["logs_before"]["errors"] < checkout["logs_within"]["errors"]


def test_past_incidents_by_words_and_by_cost(box: Toolbox) -> None:
    (similar,) = box.call("similar_incidents", {"symptom": "connection pool timeout"}).rows
    assert similar["title"] == "Checkout: connection pool exhausted"
    assert box.call("similar_incidents", {"symptom": "certificate"}).rows == []


def test_recorded_costs_are_summed(lookup: ElasticLookup) -> None:
    box = Toolbox(lookup, Bounds(Window(start=END - timedelta(days=7), end=END), longest=timedelta(days=7)))
    (cost,) = box.call("incident_business_impact", {"start": iso(END - timedelta(days=7)), "end": iso(END)}).rows
    assert (cost["service"], cost["region"], cost["severity"]) == ("checkout", REGION, "high")
    assert (cost["incidents"], cost["orders_affected"], cost["revenue_lost_usd"]) == (1, 120, 5400)
    assert "wasted_co2_grams" not in cost


def test_neighbours_come_from_the_profile_where_calls_are_not_measured(shop_client: Elasticsearch) -> None:
    profile = load_profile("spiketrace").model_copy(update={"topology": [("web", "checkout"), ("checkout", "ledger")]})
    lookup = ElasticLookup(ElasticTelemetry(shop_client, profile), shop_client)
    box = Toolbox(lookup, Bounds(Window(start=END - timedelta(days=1), end=END)))
    found = rows(box, "topology_neighbours", service="checkout")
    assert [(one["direction"], one["caller"], one["callee"]) for one in found] == [
        ("is called by", "web", "checkout"),
        ("calls", "checkout", "ledger"),
    ]
    assert len(rows(box, "topology_neighbours", service="search")) == 0


def test_nothing_after_the_alert_is_read(box: Toolbox) -> None:
    later = box.call("search_logs", {**WINDOW, "end": iso(END + timedelta(hours=3)), "errors_only": False})
    assert later.window.end == END
    with pytest.raises(ToolRefused, match="may be read"):
        box.call("search_logs", {"start": iso(END), "end": iso(END + timedelta(minutes=5))})


def test_results_are_numbered_as_they_are_asked_for(box: Toolbox) -> None:
    for _ in range(2):
        box.call("error_rate_by_service", WINDOW)
    assert [one.id for one in box.results] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("delete_index", {}, "no such tool"),
        ("create_incident_ticket", WINDOW, "no such tool"),
        ("search_logs", WINDOW | {"index": "spiketrace-reports"}, "index: Extra inputs"),
        ("search_logs", {"start": "soon", "end": "later"}, "start:"),
        ("search_logs", {"start": iso(END), "end": iso(SINCE)}, "end must be after start"),
        ("search_logs", WINDOW | {"limit": 1000}, "limit: Input should be less than"),
        ("search_logs", WINDOW | {"words": "x" * 201}, "words: String should have at most"),
        ("search_logs", WINDOW | {"service": "x" * 201}, "service: String should have at most"),
        ("compare_windows", WINDOW | {"baseline_start": iso(END)}, "baseline_start must be before"),
        ("similar_incidents", {"symptom": ""}, "symptom:"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_the_reason(
    box: Toolbox, tool: str, arguments: dict[str, Any], why: str
) -> None:
    with pytest.raises(ToolRefused, match=why):
        box.call(tool, arguments)


def test_too_long_a_window_is_refused(lookup: Lookup) -> None:
    box = Toolbox(lookup, Bounds(Window(start=END - timedelta(days=30), end=END)))
    with pytest.raises(ToolRefused, match="at most 48 hours"):
        box.call("search_logs", {"start": iso(END - timedelta(days=3)), "end": iso(END)})


def test_every_tool_describes_itself() -> None:
    assert len(TOOLS) == 10
    for tool in TOOLS.values():
        schema = tool.schema()
        assert schema["additionalProperties"] is False
        assert all(one.get("description") for one in schema["properties"].values())


values = st.recursive(
    st.text(max_size=600)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.booleans()
    | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=25)
@given(st.lists(st.dictionaries(st.text(max_size=20), values, max_size=4), max_size=40))
def test_a_result_is_short_whatever_was_found(found: list[dict[str, Any]]) -> None:
    window = Window(start=SINCE, end=END)
    result = result_of("x", Found("x", Reading(found, "i", window), found), {})
    assert len(json.dumps(result.rows, ensure_ascii=False)) <= LONGEST_RESULT + 2 * len(result.rows) + 2
    assert result.left_out + len(result.rows) == len(found)
    texts = [value for row in result.rows for value in row.values() if isinstance(value, str)]
    assert all(len(text) <= LONGEST_TEXT for text in texts)
