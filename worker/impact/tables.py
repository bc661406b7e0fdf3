"""Factor tables: data files beside this module, refused as a whole when a row is malformed.

A deployment may have tables of its own in a folder (`SPIKETRACE_FACTORS`): a file of the same name takes the place of
the shipped one.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from worker.domain.report import Quantity
from worker.errors import ConfigurationError
from worker.impact import energy

Row = TypeVar("Row", bound=BaseModel)
Place = tuple[str, str]

# Coefficients that a figure rests on.
NEEDED = (
    "memory energy",
    "usual utilisation",
    "power of a vCPU",
    "server base",
    "server second CPU",
    "server memory above 16 GB",
    "server life",
    "server vCPUs",
    "server memory",
)


class _Sourced(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    year: int = Field(ge=2015)
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)


class Grid(_Sourced):
    """Grid intensity in gCO₂e per kWh (location-based) and power usage effectiveness of a region."""

    provider: str
    region: str
    g_per_kwh: float = Field(gt=0, lt=2000)
    pue: float = Field(ge=1, lt=3)


class OtherGrid(_Sourced):
    """What another source says of the same region's grid: sources differ up to 2.7 times, so they make the range."""

    provider: str
    region: str
    g_per_kwh: float = Field(gt=0, lt=2000)


class Machine(_Sourced):
    """Power of one vCPU (watts, idle and at full load) and its price (US dollars an hour)."""

    provider: str
    watts_min: float = Field(gt=0, lt=50)
    watts_max: float = Field(gt=0, lt=50)
    usd_per_vcpu_hour_low: float = Field(gt=0, lt=10)
    usd_per_vcpu_hour_likely: float = Field(gt=0, lt=10)
    usd_per_vcpu_hour_high: float = Field(gt=0, lt=10)

    def watts(self, utilisation: float) -> float:
        """Watts of one vCPU at a utilisation of 0–1 (Cloud Carbon Footprint: linear between idle and full)."""
        return float(energy.average_watts(self.watts_min, self.watts_max, utilisation))


class Coefficient(_Sourced):
    """A number of the method with its range."""

    name: str
    low: float = Field(gt=0)
    likely: float = Field(gt=0)
    high: float = Field(gt=0)
    unit: str

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"low, likely and high are not in order: {self.low}, {self.likely}, {self.high}")
        return self

    @property
    def quantity(self) -> Quantity:
        return Quantity(low=self.low, likely=self.likely, high=self.high)


class Comparison(_Sourced):
    """Something people know that emits `g_per_one`; used for masses from `from_g` on."""

    what: str
    plural: str
    g_per_one: float = Field(gt=0)
    from_g: float = Field(ge=0)


@dataclass(frozen=True)
class Factors:
    """All tables, by their keys. `typical_spread` is how far two sources lie apart in the median region, as a ratio."""

    grids: dict[Place, Grid]
    others: dict[Place, OtherGrid]
    machines: dict[str, Machine]
    coefficients: dict[str, Coefficient]
    comparisons: tuple[Comparison, ...]
    typical_spread: float

    def intensity(self, grid: Grid) -> Quantity:
        """gCO₂e per kWh: between what two sources say, or as far apart as two sources usually are."""
        other = self.others.get((grid.provider, grid.region))
        if other is None:
            return Quantity(
                low=grid.g_per_kwh / self.typical_spread,
                likely=grid.g_per_kwh,
                high=grid.g_per_kwh * self.typical_spread,
            )
        low, high = sorted((grid.g_per_kwh, other.g_per_kwh))
        return Quantity(low=low, likely=grid.g_per_kwh, high=high)

    def provider_of(self, region: str) -> str | None:
        """The provider that has a region of this name, if only one has."""
        named = [provider for provider, name in self.grids if name == region]
        return named[0] if len(named) == 1 else None


@cache
def shipped() -> Factors:
    return load_factors(None)


def load_factors(folder: Path | None) -> Factors:
    """The tables, those in `folder` first. Raises ConfigurationError naming the file and line that is wrong."""
    grids = _keyed("grid_intensity.csv", Grid, folder, _place)
    others = _keyed("grid_intensity_other.csv", OtherGrid, folder, _place)
    ratios = [
        max(grids[place].g_per_kwh, other.g_per_kwh) / min(grids[place].g_per_kwh, other.g_per_kwh)
        for place, other in others.items()
        if place in grids
    ]
    return Factors(
        grids=grids,
        others=others,
        machines=_keyed("machine.csv", Machine, folder, lambda row: row.provider),
        coefficients=_coefficients(folder),
        comparisons=tuple(read_table("comparisons.csv", Comparison, folder)),
        typical_spread=median(ratios) if ratios else 1.0,
    )


def _coefficients(folder: Path | None) -> dict[str, Coefficient]:
    found = _keyed("coefficients.csv", Coefficient, folder, lambda row: row.name)
    for name in NEEDED:
        if name not in found:
            raise ConfigurationError(f"coefficients.csv lacks {name!r}")
    return found


def _place(row: Grid | OtherGrid) -> Place:
    return row.provider, row.region


def _keyed(name: str, row: type[Row], folder: Path | None, key: Callable[[Row], Any]) -> dict[Any, Row]:
    rows = read_table(name, row, folder)
    keyed = {key(one): one for one in rows}
    if len(keyed) < len(rows):
        keys = [key(one) for one in rows]
        twice = next(one for one in keys if keys.count(one) > 1)
        raise ConfigurationError(f"{name} lists {twice} twice")
    return keyed


def read_table(name: str, row: type[Row], folder: Path | None = None) -> list[Row]:
    """All rows of a table. Raises ConfigurationError naming the file and line of the first malformed one."""
    text = _text(name, folder)
    reader = csv.DictReader(text.splitlines())
    return [_parse(name, line, values, row) for line, values in enumerate(reader, start=2)]


def _text(name: str, folder: Path | None) -> str:
    own = folder / name if folder else None
    try:
        if own and own.exists():
            return own.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{own} cannot be read as UTF-8: {error}") from None
    return (files("worker.impact") / "factors" / name).read_text(encoding="utf-8")


def _parse(name: str, line: int, values: dict[str | None, Any], row: type[Row]) -> Row:
    if None in values:
        raise ConfigurationError(f"{name}, line {line}: more values than the first line has names")
    try:
        return row.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"{name}, line {line}: {first['loc'][0] if first['loc'] else ''}: {first['msg']}"
        ) from None
