"""Factor tables: data files beside this module, refused as a whole when a row is malformed."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.errors import ConfigurationError

Row = TypeVar("Row", bound=BaseModel)


class Grid(BaseModel):
    """Grid intensity in gCO₂e per kWh (location-based) and power usage effectiveness of a region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    region: str
    g_per_kwh: float = Field(gt=0, lt=2000)
    pue: float = Field(ge=1, lt=3)
    year: int = Field(ge=2015)
    source: str = Field(min_length=1)


class Machine(BaseModel):
    """Power of one vCPU (watts, idle and at full load) and its price (US dollars an hour)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    watts_min: float = Field(gt=0, lt=50)
    watts_max: float = Field(gt=0, lt=50)
    usd_per_vcpu_hour_low: float = Field(gt=0, lt=10)
    usd_per_vcpu_hour_likely: float = Field(gt=0, lt=10)
    usd_per_vcpu_hour_high: float = Field(gt=0, lt=10)
    year: int = Field(ge=2015)
    source: str = Field(min_length=1)

    def watts(self, utilisation: float) -> float:
        """Watts of one vCPU at a utilisation of 0–1 (Cloud Carbon Footprint: linear between idle and full)."""
        return self.watts_min + min(max(utilisation, 0.0), 1.0) * (self.watts_max - self.watts_min)


@cache
def grids() -> dict[tuple[str, str], Grid]:
    """By provider and region."""
    return {(row.provider, row.region): row for row in read_table("grid_intensity.csv", Grid)}


@cache
def machines() -> dict[str, Machine]:
    """By provider."""
    return {row.provider: row for row in read_table("machine.csv", Machine)}


def read_table(name: str, row: type[Row]) -> list[Row]:
    """All rows of a table. Raises ConfigurationError naming the file and line of the first malformed one."""
    text = (files("worker.impact") / "factors" / name).read_text(encoding="utf-8")
    return [_parse(name, line, values, row) for line, values in enumerate(csv.DictReader(text.splitlines()), start=2)]


def _parse(name: str, line: int, values: dict[str, Any], row: type[Row]) -> Row:
    try:
        return row.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"{name}, line {line}: {first['loc'][0] if first['loc'] else ''}: {first['msg']}"
        ) from None
