"""The readable form of a dashboard: what it may say, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kibana.dashboard_source import Metric, Panel, load_dashboards, load_data_views
from kibana.lens import formula_text, lens_attributes
from worker.errors import ConfigurationError

COUNT: dict[str, Any] = {"op": "count", "label": "Lines"}


def panel(**changes: Any) -> dict[str, Any]:
    return {"title": "T", "chart": "line", "view": "v", "at": [0, 0, 24, 10], "metrics": [COUNT], **changes}


def dashboard(*panels: dict[str, Any]) -> dict[str, Any]:
    return {"id": "d", "title": "D", "description": "", "from": "now-1h", "controls": [], "panels": list(panels)}


def columns(**changes: Any) -> dict[str, Any]:
    state = lens_attributes(Panel.model_validate(panel(**changes)))["state"]
    found: dict[str, Any] = state["datasourceStates"]["formBased"]["layers"]["data"]["columns"]
    return found


@pytest.mark.parametrize(
    "broken",
    [
        dashboard(panel(chart="heatmap")),
        dashboard(panel(at=[30, 0, 24, 10])),
        dashboard(panel(metrics=[])),
        dashboard(panel(chart="metric", metrics=[COUNT, COUNT])),
        dashboard(panel(chart="metric", by={"field": "service", "size": 3})),
        dashboard(panel(chart="table")),
        dashboard(panel(rows=[{"field": "service", "size": 3}])),
        dashboard(panel(metrics=[{"op": "sum", "label": "x"}])),
        dashboard(panel(metrics=[{"op": "count", "label": "x", "field": "y"}])),
        dashboard(panel(metrics=[{"op": "percentile", "label": "x", "field": "y"}])),
        dashboard(panel(metrics=[{"op": "change", "label": "x", "field": "y", "shift": "yesterday"}])),
        dashboard(panel(by={"field": "service", "size": 0})),
        {**dashboard(panel()), "from": "2026-02-26T09:30:00.000Z"},
        {**dashboard(panel()), "owner": "u_1"},
        dashboard(),
        ["no mapping"],
    ],
)
def test_a_broken_source_is_refused_with_its_name(broken: object, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(broken), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml"):
        load_dashboards(tmp_path)


@pytest.mark.parametrize("text", ["a: {", "a: {pattern: x, links: 5}", "a: {}", ""])
def test_broken_data_views_are_refused_with_their_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "data_views.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"data_views\.yaml"):
        load_data_views(tmp_path)


def test_a_chart_without_an_x_is_over_time() -> None:
    assert columns()["x"]["operationType"] == "date_histogram"
    assert columns(x={"field": "service", "size": 5})["x"]["operationType"] == "terms"
    assert "x" not in columns(chart="metric")


def test_groups_are_the_largest_by_the_first_metric() -> None:
    params = columns(by={"field": "service", "size": 5})["by"]["params"]
    assert (params["orderBy"], params["orderDirection"]) == ({"type": "column", "columnId": "m0"}, "desc")


def test_groups_of_a_formula_go_by_name_since_lens_cannot_order_by_one() -> None:
    share = {"op": "share", "label": "Errors", "part": "level : ERROR"}
    params = columns(by={"field": "service", "size": 5}, metrics=[share])["by"]["params"]
    assert (params["orderBy"]["type"], params["orderDirection"]) == ("alphabetical", "asc")


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ({"op": "share", "part": "level : ERROR"}, "count(kql='level : ERROR') / count()"),
        ({"op": "share", "part": "ms < 5", "whole": "ms : *"}, "count(kql='ms < 5') / count(kql='ms : *')"),
        ({"op": "change", "field": "kg", "shift": "1d"}, "sum(kg) / sum(kg, shift='1d') - 1"),
    ],
)
def test_formulas_read_as_in_the_editor(metric: dict[str, Any], text: str) -> None:
    assert formula_text(Metric(label="x", **metric)) == text


def test_a_share_is_a_count_by_a_count() -> None:
    found = columns(metrics=[{"op": "share", "label": "Errors", "part": "level : ERROR"}])
    assert found["m0"]["references"] == ["m0X2"]
    assert found["m0X0"]["filter"] == {"language": "kuery", "query": "level : ERROR"}
    assert "filter" not in found["m0X1"]
    tree = found["m0X2"]["params"]["tinymathAst"]
    assert (tree["name"], tree["args"]) == ("divide", ["m0X0", "m0X1"])


def test_a_change_is_a_sum_by_the_sum_of_before_less_one() -> None:
    found = columns(metrics=[{"op": "change", "label": "x", "field": "kg", "shift": "1d"}])
    assert "timeShift" not in found["m0X0"]
    assert found["m0X1"]["timeShift"] == "1d"
    tree = found["m0X2"]["params"]["tinymathAst"]
    assert (tree["name"], tree["args"][1], tree["args"][0]["name"]) == ("subtract", 1, "divide")


def test_a_change_is_of_whole_spans_that_have_samples() -> None:
    changed = columns(metrics=[{"op": "change", "label": "x", "field": "kg", "shift": "1d"}])
    assert changed["x"]["params"]["dropPartials"] is True
    assert changed["m0X0"]["params"] == changed["m0X1"]["params"] == {"emptyAsNull": True}
    assert columns()["x"]["params"]["dropPartials"] is False


def test_lines_are_a_layer_of_their_own() -> None:
    attributes = lens_attributes(Panel.model_validate(panel(lines=[{"value": 0.99, "label": "Objective"}])))
    data, lines = attributes["state"]["visualization"]["layers"]
    assert (data["layerType"], lines["layerType"]) == ("data", "referenceLine")
    assert [item["name"] for item in attributes["references"]] == [
        "indexpattern-datasource-layer-data",
        "indexpattern-datasource-layer-lines",
    ]


def test_no_document_is_zero_and_no_sample_is_nothing() -> None:
    total = {"op": "sum", "label": "x", "field": "kg"}
    assert columns(metrics=[COUNT])["m0"]["params"]["emptyAsNull"] is False
    assert columns(metrics=[total])["m0"]["params"]["emptyAsNull"] is True
