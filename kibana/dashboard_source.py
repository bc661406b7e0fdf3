"""The readable form of the dashboards, `dashboards/source/*.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from worker.errors import ConfigurationError

SHIPPED_DASHBOARDS = Path(__file__).resolve().parent.parent / "dashboards"
SOURCE = SHIPPED_DASHBOARDS / "source"
DATA_VIEWS = "data_views.yaml"
COLUMNS = 48  # of Kibana's dashboard grid

Operation = Literal[
    "count", "sum", "average", "median", "max", "percentile", "unique_count", "last_value", "share", "change"
]
Unit = Literal["g", "kg", "ms", "s", "usd", "percent"]
XyChart = Literal["line", "area_stacked", "bar", "bar_stacked", "bar_horizontal"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuntimeField(_Strict):
    type: Literal["double", "long", "keyword", "boolean", "date"]
    script: str


class DataView(_Strict):
    pattern: str
    links: dict[str, str] = Field(default_factory=dict)
    runtime: dict[str, RuntimeField] = Field(default_factory=dict)


class Terms(_Strict):
    """The `size` values of a field that are largest by the panel's first metric."""

    field: str
    size: int = Field(ge=1, le=1000)
    label: str | None = None


class Metric(_Strict):
    """`share` is the part of the documents of `whole` (KQL, "" for all) that `part` matches, from 0 to 1.

    `change` is the sum of `field` against its sum `shift` earlier, less one: 0 is no change, 1 is twice as much.
    """

    op: Operation
    label: str
    field: str | None = None
    unit: Unit | None = None
    percentile: int | None = Field(default=None, ge=1, le=99)
    part: str | None = None
    whole: str = ""
    shift: str | None = Field(default=None, pattern=r"^[1-9][0-9]*[hdw]$")
    axis: Literal["left", "right"] = "left"

    @model_validator(mode="after")
    def _has_what_its_operation_needs(self) -> Self:
        needed = {
            "count": set(),
            "share": {"part"},
            "percentile": {"field", "percentile"},
            "change": {"field", "shift"},
        }
        given = {name for name in ("field", "percentile", "part", "shift") if getattr(self, name) is not None}
        if given != needed.get(self.op, {"field"}):
            raise ValueError(f"{self.op} takes {sorted(needed.get(self.op, {'field'}))}, and got {sorted(given)}")
        return self


class Line(_Strict):
    value: float
    label: str


class Panel(_Strict):
    """`at` is x, y, width and height on the grid. Without `x`, a chart with axes is over time."""

    title: str
    chart: XyChart | Literal["metric", "table"]
    view: str
    at: tuple[int, int, int, int]
    query: str = ""
    x: Terms | None = None
    by: Terms | None = None
    rows: list[Terms] = Field(default_factory=list)
    metrics: list[Metric] = Field(min_length=1)
    lines: list[Line] = Field(default_factory=list)
    ignores_controls: bool = False

    @model_validator(mode="after")
    def _fits_its_chart(self) -> Self:
        if (self.chart == "table") != bool(self.rows):
            raise ValueError("rows go with a table, and only with one")
        if self.chart in {"table", "metric"} and (self.x or self.by or self.lines):
            raise ValueError("x, by and lines go with charts that have axes")
        if self.chart == "metric" and len(self.metrics) != 1:
            raise ValueError("a metric shows one number")
        if self.at[0] + self.at[2] > COLUMNS:
            raise ValueError(f"the grid is {COLUMNS} columns wide")
        return self


class Control(_Strict):
    title: str
    field: str
    view: str


class Dashboard(_Strict):
    id: str
    title: str
    description: str
    start: str = Field(alias="from", pattern=r"^now-")
    controls: list[Control]
    panels: list[Panel] = Field(min_length=1)


def load_data_views(folder: Path = SOURCE) -> dict[str, DataView]:
    """Data views by their id."""
    path = folder / DATA_VIEWS
    try:
        return {key: DataView.model_validate(value) for key, value in _read(path).items()}
    except ValidationError as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def load_dashboards(folder: Path = SOURCE) -> dict[str, Dashboard]:
    """Dashboards by the name of their file, without its ending. Raises ConfigurationError naming file and fault."""
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.name != DATA_VIEWS]
    return {path.stem: _dashboard(path) for path in paths}


def _dashboard(path: Path) -> Dashboard:
    try:
        return Dashboard.model_validate(_read(path))
    except ValidationError as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def _read(path: Path) -> dict[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.name} is no YAML: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path.name} holds no mapping")
    return content
