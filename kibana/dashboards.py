"""`dashboards/*.ndjson`, made from `dashboards/source/*.yaml`.

    python -m kibana.dashboards           writes them
    python -m kibana.dashboards --check   says whether they are what the source makes; 1 if not

The compilers of others write for Kibana 9 only; these files must be read by 8.19 as well.

An export has every data view of SpikeTrace and one dashboard, so that each file can be imported by itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kibana.dashboard_source import (
    SHIPPED_DASHBOARDS,
    Control,
    Dashboard,
    DataView,
    Panel,
    load_dashboards,
    load_data_views,
)
from kibana.lens import lens_attributes

PUBLIC_URL = "https://spiketrace.example.com"

# The oldest that Kibana 8.19 and 9.x write no more but still read: a newer one would be refused by 8.19.
# https://www.elastic.co/docs/explore-analyze/find-and-organize/saved-objects
CORE_VERSION = "8.8.0"
DATA_VIEW_VERSION = "8.0.0"
DASHBOARD_VERSION = "8.9.0"

SavedObject = dict[str, Any]


def make_exports() -> dict[str, str]:
    """What each file in `dashboards/` must hold, by its name."""
    views = load_data_views()
    return {
        f"{name}.ndjson": export_text([*data_view_objects(views), dashboard_object(source)])
        for name, source in load_dashboards().items()
    }


def load_export(path: Path, *, public_url: str = PUBLIC_URL) -> list[SavedObject]:
    """The saved objects of a shipped file, without its summary, links leading to `public_url` (no slash at the end)."""
    text = path.read_text(encoding="utf-8").replace(PUBLIC_URL, public_url)
    return [item for line in text.splitlines() if "type" in (item := json.loads(line))]


def export_text(objects: Iterable[Mapping[str, Any]]) -> str:
    """Saved objects as Kibana exports them: one a line, and a last line that counts them."""
    lines = [dict(item) for item in objects]
    summary = {
        "excludedObjects": [],
        "excludedObjectsCount": 0,
        "exportedCount": len(lines),
        "missingRefCount": 0,
        "missingReferences": [],
    }
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [*lines, summary])


def data_view_objects(views: Mapping[str, DataView]) -> Iterator[SavedObject]:
    for name, view in views.items():
        attributes = {
            "title": view.pattern,
            "name": name,
            "timeFieldName": "@timestamp",
            "fieldAttrs": "{}",
            "fieldFormatMap": json.dumps({field: _link(url) for field, url in view.links.items()}),
            "fields": "[]",
            "runtimeFieldMap": json.dumps(
                {field: {"type": item.type, "script": {"source": item.script}} for field, item in view.runtime.items()}
            ),
            "sourceFilters": "[]",
            "typeMeta": "{}",
        }
        yield _saved("index-pattern", name, attributes, [], DATA_VIEW_VERSION)


def _link(url: str) -> dict[str, Any]:
    return {"id": "url", "params": {"type": "a", "urlTemplate": url, "labelTemplate": "{{value}}"}}


def dashboard_object(source: Dashboard) -> SavedObject:
    panels = [_panel(number, panel) for number, panel in enumerate(source.panels)]
    attributes = {
        "title": source.title,
        "description": source.description,
        "panelsJSON": json.dumps(panels, ensure_ascii=False),
        "optionsJSON": json.dumps({"useMargins": True, "syncColors": False, "syncCursor": True, "syncTooltips": False}),
        "controlGroupInput": _control_group(source.controls),
        "timeRestore": True,
        "timeFrom": source.start,
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 60_000},
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": {"language": "kuery", "query": ""}, "filter": []})
        },
        "version": 1,
    }
    references = [*_panel_references(panels), *_control_references(source.controls)]
    return _saved("dashboard", source.id, attributes, references, DASHBOARD_VERSION)


def _saved(
    kind: str, identifier: str, attributes: SavedObject, references: list[SavedObject], version: str
) -> SavedObject:
    return {
        "type": kind,
        "id": identifier,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": version,
        "managed": False,
    }


def _panel(number: int, panel: Panel) -> SavedObject:
    name = f"panel-{number}"
    x, y, width, height = panel.at
    return {
        "type": "lens",
        "panelIndex": name,
        "gridData": {"x": x, "y": y, "w": width, "h": height, "i": name},
        "title": panel.title,
        "embeddableConfig": {"attributes": lens_attributes(panel), "enhancements": {}},
    }


def _panel_references(panels: Iterable[SavedObject]) -> Iterator[SavedObject]:
    """Kibana wants the references of a panel's chart twice: with the chart, and with the dashboard."""
    for panel in panels:
        for reference in panel["embeddableConfig"]["attributes"]["references"]:
            yield {**reference, "name": f"{panel['panelIndex']}:{reference['name']}"}


def _control_group(controls: Iterable[Control]) -> SavedObject:
    panels = {
        _control_id(control): {
            "type": "optionsListControl",
            "order": number,
            "grow": True,
            "width": "medium",
            "explicitInput": {
                "id": _control_id(control),
                "fieldName": control.field,
                "title": control.title,
                "selectedOptions": [],
                "enhancements": {},
            },
        }
        for number, control in enumerate(controls)
    }
    ignored = {"ignoreFilters": False, "ignoreQuery": False, "ignoreTimerange": False, "ignoreValidations": False}
    return {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "ignoreParentSettingsJSON": json.dumps(ignored),
        "panelsJSON": json.dumps(panels),
    }


def _control_references(controls: Iterable[Control]) -> Iterator[SavedObject]:
    for control in controls:
        name = f"controlGroup_{_control_id(control)}:optionsListDataView"
        yield {"type": "index-pattern", "id": control.view, "name": name}


def _control_id(control: Control) -> str:
    return f"control-{control.field}"


def main(arguments: list[str]) -> int:
    exports = make_exports()
    if arguments not in ([], ["--check"]):
        sys.stderr.write(__doc__ or "")
        return 2
    if not arguments:
        for name, text in exports.items():
            (SHIPPED_DASHBOARDS / name).write_text(text, encoding="utf-8")
        return 0
    stale = [name for name, text in exports.items() if _content(SHIPPED_DASHBOARDS / name) != text]
    if stale:
        sys.stderr.write(f"not what dashboards/source makes: {', '.join(stale)}; run python -m kibana.dashboards\n")
    return 1 if stale else 0


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
