"""A panel's source as the saved state of Lens, Kibana's chart editor.

Only what Kibana 8.9 to 9.x read alike: layers on a data view, native operations, and formulas written out with the
columns that they are made of, as Lens itself saves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kibana.dashboard_source import Line, Metric, Panel, Terms, Unit

Column = dict[str, Any]
Columns = dict[str, Column]

RECORDS = "___records___"
LAYER, LINES = "data", "lines"
CLASSES = {"metric": "lnsMetric", "table": "lnsDatatable"}
FORMATS: dict[Unit, dict[str, Any]] = {
    "g": {"id": "number", "params": {"decimals": 1, "suffix": " g"}},
    "kg": {"id": "number", "params": {"decimals": 3, "suffix": " kg"}},
    "ms": {"id": "number", "params": {"decimals": 0, "suffix": " ms"}},
    "s": {"id": "number", "params": {"decimals": 1, "suffix": " s"}},
    "usd": {"id": "number", "params": {"decimals": 2, "suffix": " USD"}},
    "percent": {"id": "percent", "params": {"decimals": 1}},
}


def lens_attributes(panel: Panel) -> dict[str, Any]:
    """Title, type, references and state of a panel that holds its chart by value."""
    layers = {LAYER: _layer(_columns(panel), ignores_controls=panel.ignores_controls)}
    if panel.lines:
        layers[LINES] = _layer(dict(_line_columns(panel.lines)), ignores_controls=True)
    return {
        "title": panel.title,
        "description": "",
        "type": "lens",
        "visualizationType": CLASSES.get(panel.chart, "lnsXY"),
        "references": [
            {"type": "index-pattern", "id": panel.view, "name": f"indexpattern-datasource-layer-{layer}"}
            for layer in layers
        ],
        "state": {
            "datasourceStates": {"formBased": {"layers": layers}},
            "visualization": _visualization(panel),
            "query": {"language": "kuery", "query": panel.query},
            "filters": [],
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def _layer(columns: Columns, *, ignores_controls: bool) -> dict[str, Any]:
    return {
        "columns": columns,
        "columnOrder": list(columns),
        "incompleteColumns": {},
        "sampling": 1,
        "ignoreGlobalFilters": ignores_controls,
    }


def _columns(panel: Panel) -> Columns:
    """Buckets first, then metrics, then what formulas are made of: the order that Lens wants."""
    metrics, parts = dict(_metrics(panel)), dict(_parts(panel))
    return {**dict(_buckets(panel)), **metrics, **parts}


def _buckets(panel: Panel) -> Iterator[tuple[str, Column]]:
    if panel.by:
        yield "by", _terms(panel.by, panel.metrics[0])
    for number, rows in enumerate(panel.rows):
        yield f"row{number}", _terms(rows, panel.metrics[0])
    if panel.x:
        yield "x", _terms(panel.x, panel.metrics[0])
    elif panel.chart not in CLASSES:
        yield "x", _over_time(whole_spans_only=any(metric.op == "change" for metric in panel.metrics))


def _over_time(*, whole_spans_only: bool) -> Column:
    """A change needs whole spans: a part of one against a whole one of before would always be a fall."""
    return {
        "dataType": "date",
        "isBucketed": True,
        "label": "@timestamp",
        "operationType": "date_histogram",
        "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": whole_spans_only},
        "scale": "interval",
        "sourceField": "@timestamp",
    }


def _terms(terms: Terms, metric: Metric) -> Column:
    # Lens cannot order by a formula: those go by name.
    by_metric = metric.op not in {"share", "change"}
    order = {"type": "column", "columnId": "m0"} if by_metric else {"type": "alphabetical", "fallback": True}
    return {
        "dataType": "string",
        "isBucketed": True,
        "label": terms.label or terms.field,
        "customLabel": True,
        "operationType": "terms",
        "params": {
            "size": terms.size,
            "orderBy": order,
            "orderDirection": "desc" if by_metric else "asc",
            "otherBucket": False,
            "missingBucket": False,
            "parentFormat": {"id": "terms"},
        },
        "scale": "ordinal",
        "sourceField": terms.field,
    }


def _metrics(panel: Panel) -> Iterator[tuple[str, Column]]:
    for number, metric in enumerate(panel.metrics):
        yield f"m{number}", _formula_column(f"m{number}", metric) if _is_formula(metric) else _metric_column(metric)


def _parts(panel: Panel) -> Iterator[tuple[str, Column]]:
    for number, metric in enumerate(panel.metrics):
        if _is_formula(metric):
            yield from _formula_parts(f"m{number}", metric)


def _is_formula(metric: Metric) -> bool:
    return metric.op in {"share", "change"}


def _metric_column(metric: Metric) -> Column:
    column = {
        "dataType": _data_type(metric),
        "isBucketed": False,
        "label": metric.label,
        "customLabel": True,
        "operationType": metric.op,
        "params": {**_operation_params(metric), **_format(metric.unit)},
        "scale": "ordinal" if metric.op == "last_value" else "ratio",
        "sourceField": metric.field or RECORDS,
    }
    if metric.op == "last_value":
        column["filter"] = {"language": "kuery", "query": f'"{metric.field}": *'}
    return column


def _data_type(metric: Metric) -> str:
    if metric.op == "last_value":
        return "string"
    return "date" if metric.field == "@timestamp" else "number"


def _operation_params(metric: Metric) -> dict[str, Any]:
    if metric.op == "percentile":
        return {"percentile": metric.percentile}
    if metric.op == "last_value":
        return {"sortField": "@timestamp"}
    # No document is a count of zero, but no sample is a hole in the line.
    return {"emptyAsNull": metric.op != "count"}


def _format(unit: Unit | None) -> dict[str, Any]:
    return {"format": FORMATS[unit]} if unit else {}


def formula_text(metric: Metric) -> str:
    """The formula as the editor shows it."""
    if metric.op == "change":
        return f"sum({metric.field}) / sum({metric.field}, shift='{metric.shift}') - 1"
    return f"{_count_text(metric.part or '')} / {_count_text(metric.whole)}"


def _count_text(kql: str) -> str:
    return f"count(kql='{kql}')" if kql else "count()"


def _formula_column(name: str, metric: Metric) -> Column:
    return {
        "dataType": "number",
        "isBucketed": False,
        "label": metric.label,
        "customLabel": True,
        "operationType": "formula",
        "params": {"formula": formula_text(metric), "isFormulaBroken": False, **_format(metric.unit)},
        "references": [f"{name}X2"],
        "scale": "ratio",
    }


def _formula_parts(name: str, metric: Metric) -> Iterator[tuple[str, Column]]:
    above, below = f"{name}X0", f"{name}X1"
    text = formula_text(metric)
    if metric.op == "change":
        # No samples are no fall to zero.
        total = {**_part(text, "sum", metric.field or ""), "params": {"emptyAsNull": True}}
        yield above, total
        yield below, {**total, "timeShift": metric.shift}
    else:
        yield above, _counted_part(text, metric.part or "")
        yield below, _counted_part(text, metric.whole)
    yield f"{name}X2", _math(text, above, below, less_one=metric.op == "change")


def _part(text: str, operation: str, field: str) -> Column:
    return {
        "dataType": "number",
        "isBucketed": False,
        "label": f"Part of {text}",
        "customLabel": True,
        "operationType": operation,
        "params": {"emptyAsNull": False},
        "scale": "ratio",
        "sourceField": field,
    }


def _counted_part(text: str, kql: str) -> Column:
    column = _part(text, "count", RECORDS)
    return {**column, "filter": {"language": "kuery", "query": kql}} if kql else column


def _math(text: str, above: str, below: str, *, less_one: bool) -> Column:
    quotient_text = text.removesuffix(" - 1")
    quotient = _function("divide", [above, below], quotient_text)
    tree = _function("subtract", [quotient, 1], text) if less_one else quotient
    return {
        "dataType": "number",
        "isBucketed": False,
        "label": f"Part of {text}",
        "customLabel": True,
        "operationType": "math",
        "params": {"tinymathAst": tree},
        "references": [above, below],
        "scale": "ratio",
    }


def _function(name: str, arguments: list[Any], text: str) -> dict[str, Any]:
    location = {"min": 0, "max": len(text)}
    return {"type": "function", "name": name, "args": arguments, "location": location, "text": text}


def _line_columns(lines: list[Line]) -> Iterator[tuple[str, Column]]:
    for number, line in enumerate(lines):
        yield (
            f"line{number}",
            {
                "dataType": "number",
                "isBucketed": False,
                "isStaticValue": True,
                "label": line.label,
                "customLabel": True,
                "operationType": "static_value",
                "params": {"value": str(line.value)},
                "references": [],
                "scale": "ratio",
            },
        )


def _visualization(panel: Panel) -> dict[str, Any]:
    names = [f"m{number}" for number in range(len(panel.metrics))]
    if panel.chart == "metric":
        return {"layerId": LAYER, "layerType": "data", "metricAccessor": names[0]}
    if panel.chart == "table":
        columns = [*(f"row{number}" for number in range(len(panel.rows))), *names]
        return {"layerId": LAYER, "layerType": "data", "columns": [{"columnId": name} for name in columns]}
    return {
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "preferredSeriesType": panel.chart,
        "layers": list(_xy_layers(panel, names)),
    }


def _xy_layers(panel: Panel, names: list[str]) -> Iterator[dict[str, Any]]:
    layer: dict[str, Any] = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": panel.chart,
        "xAccessor": "x",
        "accessors": names,
    }
    if panel.by:
        layer["splitAccessor"] = "by"
    right = [name for name, metric in zip(names, panel.metrics, strict=True) if metric.axis == "right"]
    if right:
        layer["yConfig"] = [{"forAccessor": name, "axisMode": "right"} for name in right]
    yield layer
    if panel.lines:
        accessors = [f"line{number}" for number in range(len(panel.lines))]
        marks = [{"forAccessor": name, "axisMode": "left", "textVisibility": True} for name in accessors]
        yield {"layerId": LINES, "layerType": "referenceLine", "accessors": accessors, "yConfig": marks}
