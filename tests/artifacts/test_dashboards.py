"""Every shipped dashboard passes every check, and a broken copy of it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from kibana.dashboard_source import SHIPPED_DASHBOARDS
from kibana.dashboards import load_export, main, make_exports
from tests.artifacts import dashboard_checks as checks
from tests.artifacts.breaking import Breakage, Change, Check, faulty_paths, named
from tests.artifacts.tree import DASHBOARDS, shipped

CHECKS = [
    checks.can_be_imported_by_the_oldest,
    checks.are_counted,
    checks.name_no_user,
    checks.are_about_the_present,
    checks.hold_their_panels,
    checks.have_complete_references,
    checks.fit_the_grid,
    checks.have_columns_for_what_they_draw,
    checks.look_at_fields_that_are_there,
    checks.can_be_narrowed,
    checks.show_every_index,
    checks.link_to_the_pages,
]
FILES = shipped().matching(DASHBOARDS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_shipped_dashboards_pass(check: Check) -> None:
    assert list(check(shipped())) == []


def _dashboard(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return next(item for item in lines if item.get("type") == "dashboard")


def _view(lines: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in lines if item.get("id") == name)


def _dashboard_change(change: Callable[[dict[str, Any]], object]) -> Change:
    return lambda lines: change(_dashboard(lines))


def _panel_change(change: Callable[[dict[str, Any]], object], number: int = 0) -> Change:
    def changed(lines: list[dict[str, Any]]) -> None:
        attributes = _dashboard(lines)["attributes"]
        panels = json.loads(attributes["panelsJSON"])
        change(panels[number])
        attributes["panelsJSON"] = json.dumps(panels)

    return changed


def _columns_change(change: Callable[[dict[str, Any]], object], number: int = 0) -> Change:
    return _panel_change(lambda panel: change(checks.layers(panel)["data"]["columns"]), number)


def _state_change(change: Callable[[dict[str, Any]], object]) -> Change:
    return _panel_change(lambda panel: change(panel["embeddableConfig"]["attributes"]["state"]))


def _controls_change(change: Callable[[dict[str, Any]], object]) -> Change:
    def changed(lines: list[dict[str, Any]]) -> None:
        group = _dashboard(lines)["attributes"]["controlGroupInput"]
        controls = json.loads(group["panelsJSON"])
        change(controls)
        group["panelsJSON"] = json.dumps(controls)

    return changed


def _drop_view(lines: list[dict[str, Any]]) -> None:
    lines.remove(_view(lines, "spiketrace-reports"))


def _unlink(lines: list[dict[str, Any]]) -> None:
    _view(lines, "spiketrace-reports")["attributes"]["fieldFormatMap"] = "{}"


def _by_reference(panel: dict[str, Any]) -> None:
    panel["embeddableConfig"] = {}
    panel["panelRefName"] = "panel_0"


BREAKAGES: list[Breakage] = [
    (
        "a newer dashboard",
        checks.can_be_imported_by_the_oldest,
        _dashboard_change(lambda item: item.update(typeMigrationVersion="10.3.0")),
    ),
    (
        "a newer data view",
        checks.can_be_imported_by_the_oldest,
        lambda lines: lines[0].update(typeMigrationVersion="8.1.0"),
    ),
    ("no version", checks.can_be_imported_by_the_oldest, lambda lines: lines[0].pop("typeMigrationVersion")),
    (
        "a chart of its own",
        checks.can_be_imported_by_the_oldest,
        lambda lines: lines[0].update(type="lens", typeMigrationVersion="8.0.0"),
    ),
    ("one object too few", checks.are_counted, lambda lines: lines.pop(0)),
    ("no summary", checks.are_counted, lambda lines: lines.pop()),
    (
        "an owner",
        checks.name_no_user,
        _dashboard_change(lambda item: item["attributes"].update(accessControl={"owner": "u_1"})),
    ),
    ("an author", checks.name_no_user, _dashboard_change(lambda item: item.update(created_by="u_1"))),
    (
        "a fixed time",
        checks.are_about_the_present,
        _dashboard_change(lambda item: item["attributes"].update(timeFrom="2026-02-26T09:30:00.000Z")),
    ),
    (
        "a fixed end",
        checks.are_about_the_present,
        _dashboard_change(lambda item: item["attributes"].update(timeTo="2026-02-26T15:00:00.000Z")),
    ),
    ("a panel by reference", checks.hold_their_panels, _panel_change(_by_reference)),
    (
        "an ES|QL layer",
        checks.hold_their_panels,
        _state_change(lambda state: state["datasourceStates"].update(textBased={"layers": {}})),
    ),
    (
        "legacy layers",
        checks.hold_their_panels,
        _state_change(lambda state: state["datasourceStates"].update(indexpattern={"layers": {}})),
    ),
    (
        "a reference of the dashboard is missing",
        checks.have_complete_references,
        _dashboard_change(lambda item: item["references"].pop(0)),
    ),
    (
        "a control's reference is missing",
        checks.have_complete_references,
        _dashboard_change(lambda item: item["references"].pop()),
    ),
    (
        "a reference of the panel is missing",
        checks.have_complete_references,
        _panel_change(lambda panel: panel["embeddableConfig"]["attributes"]["references"].clear()),
    ),
    (
        "the two differ",
        checks.have_complete_references,
        _dashboard_change(lambda item: item["references"][0].update(id="spiketrace-alert-inbox")),
    ),
    ("a data view is missing", checks.have_complete_references, _drop_view),
    ("panels on each other", checks.fit_the_grid, _panel_change(lambda panel: panel["gridData"].update(y=0, x=0), 1)),
    ("a panel over the edge", checks.fit_the_grid, _panel_change(lambda panel: panel["gridData"].update(x=40, w=20))),
    ("another index than its panel", checks.fit_the_grid, _panel_change(lambda panel: panel["gridData"].update(i="x"))),
    (
        "a column is missing",
        checks.have_columns_for_what_they_draw,
        _columns_change(lambda columns: columns.pop("m0")),
    ),
    (
        "an order without a column",
        checks.have_columns_for_what_they_draw,
        _columns_change(lambda columns: columns.update(m9=columns["m0"])),
    ),
    (
        "a field that is not there",
        checks.look_at_fields_that_are_there,
        _columns_change(lambda columns: columns["m0"].update(sourceField="co2_gramms")),
    ),
    (
        "a filter on a field that is not there",
        checks.look_at_fields_that_are_there,
        _state_change(lambda state: state["query"].update(query='serivce : "checkout"')),
    ),
    (
        "a control without a field",
        checks.look_at_fields_that_are_there,
        _controls_change(lambda controls: controls["control-region"]["explicitInput"].update(fieldName="zone")),
    ),
    (
        "no control for region",
        checks.can_be_narrowed,
        _controls_change(lambda controls: controls.pop("control-region")),
    ),
    (
        "a panel that ignores the controls",
        checks.can_be_narrowed,
        _panel_change(lambda panel: checks.layers(panel)["data"].update(ignoreGlobalFilters=True)),
    ),
    ("an index without a data view", checks.show_every_index, _drop_view),
    (
        "a data view without time",
        checks.show_every_index,
        lambda lines: lines[0]["attributes"].pop("timeFieldName"),
    ),
    ("a report that leads nowhere", checks.link_to_the_pages, _unlink),
]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(**named(BREAKAGES))
def test_a_broken_copy_fails(path: str, check: Check, change: Change) -> None:
    assert path in faulty_paths(check, path, change)


def test_a_formula_without_its_parts_fails() -> None:
    path = "dashboards/spiketrace_dashboard.ndjson"
    change = _columns_change(lambda columns: columns.pop("m0X1"), number=2)
    assert path in faulty_paths(checks.have_columns_for_what_they_draw, path, change)


def test_text_cannot_be_grouped_by() -> None:
    path = "dashboards/spiketrace_sre.ndjson"
    change = _columns_change(lambda columns: columns["row0"].update(sourceField="headline"), number=8)
    assert path in faulty_paths(checks.look_at_fields_that_are_there, path, change)


def test_dead_letters_are_not_emptied_by_the_controls() -> None:
    path = "dashboards/spiketrace_sre.ndjson"
    change = _panel_change(lambda panel: checks.layers(panel)["data"].update(ignoreGlobalFilters=False), number=5)
    assert path in faulty_paths(checks.can_be_narrowed, path, change)


def test_what_is_shipped_is_what_the_source_makes() -> None:
    made = {f"dashboards/{name}": text for name, text in make_exports().items()}
    assert made == {path: shipped().files[path] for path in FILES}
    assert main(["--check"]) == 0


def test_an_option_that_is_not_there_shows_how_to_call_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"]) == 2
    assert "--check" in capsys.readouterr().err


def test_links_lead_to_where_the_pages_are() -> None:
    objects = load_export(SHIPPED_DASHBOARDS / "spiketrace_sre.ndjson", public_url="https://spikes.example.org")
    assert "https://spikes.example.org/reports/{{value}}" in json.dumps(objects)
    assert "example.com" not in json.dumps(objects)
    assert {item["type"] for item in objects} == {"index-pattern", "dashboard"}


@pytest.mark.parametrize(
    ("path", "title", "wanted"),
    [
        (
            "dashboards/spiketrace_dashboard.ndjson",
            "SpikeTrace Dashboard Latest",
            {
                "Estimated CO₂ over time",
                "Estimated CO₂ by service",
                "Emissions deviation by region, against the day before",
                "Latency over time",
                "Error rate by service",
                "Cost beside emissions of what was in excess",
            },
        ),
        (
            "dashboards/spiketrace_sre.ndjson",
            "SpikeTrace for SREs",
            {"Reports by severity", "Reports by verdict", "Latest reports", "Time to report", "Dead letters by kind"},
        ),
        (
            "dashboards/spiketrace_itself.ndjson",
            "SpikeTrace itself",
            {"Alerts by state", "Alerts that wait", "Time to report", "Dead letters by kind"},
        ),
    ],
)
def test_they_show_what_they_are_for(path: str, title: str, wanted: set[str]) -> None:
    dashboard = _dashboard(shipped().content(path))["attributes"]
    assert dashboard["title"] == title
    assert wanted <= {panel["title"] for panel in json.loads(dashboard["panelsJSON"])}
