"""Checks of `dashboards/*.ndjson`, each over a tree of files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tests.artifacts.connector_checks import summary_faults
from tests.artifacts.tree import DASHBOARDS, Fault, Tree, index_fields

OBJECT_KEYS = {"type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion", "managed"}
NEWEST = {"dashboard": (8, 9, 0), "index-pattern": (8, 0, 0)}  # that 8.19 reads
CORE = "8.8.0"
RECORDS = "___records___"
COLUMNS = 48
GROUPABLE = {"keyword", "boolean", "date", "long", "double"}
LAYER = "indexpattern-datasource-layer-"
_FIELD_IN_KQL = re.compile(r'"?(?P<field>@?[A-Za-z_][\w.]*)"?\s*(?::|<=|>=|<|>)')


def objects(tree: Tree, kind: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, lines in tree.each(DASHBOARDS):
        yield from ((path, item) for item in lines if "type" in item and kind in {None, item["type"]})


def panels(tree: Tree) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each panel with its file and its dashboard."""
    for path, dashboard in objects(tree, "dashboard"):
        for panel in json.loads(dashboard["attributes"]["panelsJSON"]):
            yield path, dashboard, panel


def layers(panel: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"][
        "formBased"
    ]["layers"]
    return found


def can_be_imported_by_the_oldest(tree: Tree) -> Iterator[Fault]:
    for path, item in objects(tree):
        version = tuple(int(part) for part in item.get("typeMigrationVersion", "99.0.0").split("."))
        if item["type"] not in NEWEST or version > NEWEST[item["type"]] or item["coreMigrationVersion"] != CORE:
            yield Fault(path, f"{item['type']} {item['id']} is of a version or a kind that 8.19 may not know")


def are_counted(tree: Tree) -> Iterator[Fault]:
    for path, lines in tree.each(DASHBOARDS):
        yield from summary_faults(path, lines)


def name_no_user(tree: Tree) -> Iterator[Fault]:
    """No leftovers of whoever made them: owners, times, versions of one deployment."""
    for path, item in objects(tree):
        for key in sorted((item.keys() - OBJECT_KEYS) | (item["attributes"].keys() & {"accessControl", "created_by"})):
            yield Fault(path, f"{item['type']} {item['id']} has {key}")


def are_about_the_present(tree: Tree) -> Iterator[Fault]:
    for path, item in objects(tree, "dashboard"):
        attributes = item["attributes"]
        if not attributes["timeFrom"].startswith("now-") or attributes["timeTo"] != "now":
            yield Fault(path, "shows a fixed time: it is empty for everybody else")


def hold_their_panels(tree: Tree) -> Iterator[Fault]:
    """By value, on data views; by reference is written differently by 8.19 and 9.x."""
    for path, _, panel in panels(tree):
        attributes = panel.get("embeddableConfig", {}).get("attributes", {})
        if panel["type"] != "lens" or "panelRefName" in panel or not attributes:
            yield Fault(path, f"{panel['panelIndex']} is not held by value")
        elif attributes["state"]["datasourceStates"].keys() != {"formBased"}:
            yield Fault(path, f"{panel['panelIndex']} has other layers than those on a data view")


def have_complete_references(tree: Tree) -> Iterator[Fault]:
    """Those of a layer stand twice, those of a control once, and each leads to a data view in the same file."""
    for path, dashboard in objects(tree, "dashboard"):
        expected: dict[str, str] = {}
        for _, owner, panel in panels(tree):
            if owner["id"] == dashboard["id"]:
                own = {item["name"]: item["id"] for item in panel["embeddableConfig"]["attributes"]["references"]}
                if own.keys() != {LAYER + name for name in layers(panel)}:
                    yield Fault(path, f"{panel['panelIndex']} has other references than layers")
                expected |= {f"{panel['panelIndex']}:{name}": view for name, view in own.items()}
        controls = json.loads(dashboard["attributes"]["controlGroupInput"]["panelsJSON"])
        names = expected.keys() | {f"controlGroup_{name}:optionsListDataView" for name in controls}
        given = {item["name"]: item["id"] for item in dashboard["references"]}
        if given.keys() != names or any(given.get(name) != view for name, view in expected.items()):
            yield Fault(path, "the dashboard's references are not those of its panels and controls")
        views = {item["id"] for where, item in objects(tree, "index-pattern") if where == path}
        if set(given.values()) - views or {item["type"] for item in dashboard["references"]} != {"index-pattern"}:
            yield Fault(path, "a reference leads to a data view that is not in the file")


def fit_the_grid(tree: Tree) -> Iterator[Fault]:
    seen: dict[str, list[dict[str, Any]]] = {}
    for path, _, panel in panels(tree):
        grid = panel["gridData"]
        if grid["i"] != panel["panelIndex"] or grid["x"] + grid["w"] > COLUMNS:
            yield Fault(path, f"{panel['panelIndex']} does not fit the grid")
        seen.setdefault(path, []).append(grid)
    for path, grids in seen.items():
        if any(_overlap(one, other) for one, other in combinations(grids, 2)):
            yield Fault(path, "two panels lie on each other")


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def have_columns_for_what_they_draw(tree: Tree) -> Iterator[Fault]:
    for path, _, panel in panels(tree):
        columns = {name: column for layer in layers(panel).values() for name, column in layer["columns"].items()}
        for layer in layers(panel).values():
            if layer["columnOrder"] != list(layer["columns"]) or layer["incompleteColumns"]:
                yield Fault(path, f"{panel['panelIndex']} has another order than columns")
        visualization = panel["embeddableConfig"]["attributes"]["state"]["visualization"]
        for name in sorted(set(_drawn(visualization)) - columns.keys()):
            yield Fault(path, f"{panel['panelIndex']} draws {name}, which is no column")
        for column in columns.values():
            for name in sorted(set(_needed(column)) - columns.keys()):
                yield Fault(path, f"{panel['panelIndex']} computes with {name}, which is no column")


def _drawn(visualization: dict[str, Any]) -> Iterator[str]:
    for part in visualization.get("layers", [visualization]):
        yield from part.get("accessors", [])
        yield from (part[key] for key in ("xAccessor", "splitAccessor", "metricAccessor") if key in part)
        yield from (item["columnId"] for item in part.get("columns", []))
        yield from (item["forAccessor"] for item in part.get("yConfig", []))


def _needed(column: dict[str, Any]) -> Iterator[str]:
    yield from column.get("references", [])
    order = column["params"].get("orderBy", {})
    if order.get("type") == "column":
        yield order["columnId"]
    yield from _arguments(column["params"].get("tinymathAst", {}))


def _arguments(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for argument in node.get("args", []):
            yield from _arguments(argument)


def look_at_fields_that_are_there(tree: Tree) -> Iterator[Fault]:
    views = {item["id"]: _types(item["attributes"]) for _, item in objects(tree, "index-pattern")}
    for path, _, panel in panels(tree):
        attributes = panel["embeddableConfig"]["attributes"]
        known = views.get(attributes["references"][0]["id"], {})
        for layer in layers(panel).values():
            for column in layer["columns"].values():
                field = column.get("sourceField", RECORDS)
                if field != RECORDS and known.get(field) not in GROUPABLE:
                    yield Fault(path, f"{panel['title']} asks for {field}, which cannot be aggregated or is not there")
                yield from _kql_faults(path, panel, column.get("filter", {}).get("query", ""), known)
        yield from _kql_faults(path, panel, attributes["state"]["query"]["query"], known)
    for path, dashboard in objects(tree, "dashboard"):
        for control in json.loads(dashboard["attributes"]["controlGroupInput"]["panelsJSON"]).values():
            reference = f"controlGroup_{control['explicitInput']['id']}:optionsListDataView"
            view = next((item["id"] for item in dashboard["references"] if item["name"] == reference), "")
            if views.get(view, {}).get(control["explicitInput"]["fieldName"]) != "keyword":
                yield Fault(path, f"the control {control['explicitInput']['title']} has no field to choose from")


def _kql_faults(path: str, panel: dict[str, Any], kql: str, known: dict[str, str]) -> Iterator[Fault]:
    for match in _FIELD_IN_KQL.finditer(kql):
        if match["field"] not in known:
            yield Fault(path, f"{panel['title']} filters by {match['field']}, which is not there")


def _types(attributes: dict[str, Any]) -> dict[str, str]:
    runtime = {name: item["type"] for name, item in json.loads(attributes["runtimeFieldMap"]).items()}
    return {**index_fields().get(attributes["title"], {}), **runtime}


def can_be_narrowed(tree: Tree) -> Iterator[Fault]:
    """By service and region; a panel whose documents have neither leaves the controls alone."""
    views = {item["id"]: _types(item["attributes"]) for _, item in objects(tree, "index-pattern")}
    for path, dashboard in objects(tree, "dashboard"):
        controls = json.loads(dashboard["attributes"]["controlGroupInput"]["panelsJSON"])
        if {item["explicitInput"]["fieldName"] for item in controls.values()} != {"service", "region"}:
            yield Fault(path, "has no controls for service and region")
    for path, _, panel in panels(tree):
        known = views.get(panel["embeddableConfig"]["attributes"]["references"][0]["id"], {})
        narrowed = not layers(panel)["data"]["ignoreGlobalFilters"]
        if narrowed is not ({"service", "region"} <= known.keys()):
            yield Fault(path, f"{panel['title']} is emptied by the controls, or ignores them without need")


def show_every_index(tree: Tree) -> Iterator[Fault]:
    """There is a data view for each index that SpikeTrace reads or writes, in each file."""
    for path in tree.matching(DASHBOARDS):
        titles = {item["attributes"]["title"] for where, item in objects(tree, "index-pattern") if where == path}
        for pattern in sorted(index_fields().keys() - titles):
            yield Fault(path, f"{pattern} has no data view")
    for path, item in objects(tree, "index-pattern"):
        if item["attributes"].get("timeFieldName") != "@timestamp":
            yield Fault(path, f"{item['id']} has no time field")


def link_to_the_pages(tree: Tree) -> Iterator[Fault]:
    """A report's id is a link wherever it stands."""
    for path, item in objects(tree, "index-pattern"):
        if "report_id" in index_fields().get(item["attributes"]["title"], {}):
            formats = json.loads(item["attributes"]["fieldFormatMap"])
            template = formats.get("report_id", {}).get("params", {}).get("urlTemplate", "")
            if not template.endswith("/reports/{{value}}"):
                yield Fault(path, f"{item['id']}: a report's id leads nowhere")
