"""Numbers as people read them: two significant digits, a unit, a range where there is one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import floor, isfinite, log10

from worker.domain.report import Quantity

# No service has figures like this one; telemetry that says so is broken.
BEYOND_MEASURE = 1e18


def number(value: float) -> str:
    """Two significant digits below a thousand, whole numbers with separators above."""
    if not isfinite(value) or abs(value) >= BEYOND_MEASURE:
        return "unknown"
    if value < 0:
        return f"-{number(-value)}"
    if value == 0 or value >= 100:
        return f"{_significant(value, 3):,.0f}"
    digits = max(0, 1 - floor(log10(value)))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits > 1 else text.removesuffix(".0")


def _significant(value: float, digits: int) -> float:
    return round(value, digits - 1 - floor(log10(abs(value)))) if value else 0.0


def count(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else number(value)


def percent(share: float) -> str:
    """A share of 0–1."""
    value = 100 * share
    if 0 < value < 0.1:
        return "below 0.1 %"
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %".replace(".0 %", " %")


def times(ratio: float) -> str:
    return f"{number(ratio)} times" if isfinite(ratio) and ratio < 100 else "far above"


def grams(value: float) -> str:
    """CO₂ equivalent in mg, g, kg or t."""
    for limit, factor, unit in ((1.0, 1000.0, "mgCO₂e"), (1e3, 1.0, "gCO₂e"), (1e6, 1e-3, "kgCO₂e")):
        if abs(value) < limit:
            return f"{number(value * factor)} {unit}"
    return f"{number(value * 1e-6)} tCO₂e"


def grams_range(quantity: Quantity) -> str:
    """`410 gCO₂e (350 to 470)`; the bare figure where it is exact."""
    scale, unit = _gram_scale(max(abs(quantity.low), abs(quantity.high)))
    return _ranged(quantity, scale, f" {unit}")


def _gram_scale(value: float) -> tuple[float, str]:
    return (1e-3, "kgCO₂e") if value >= 1e3 else (1.0, "gCO₂e")


def quantity(value: Quantity, unit: str = "") -> str:
    return _ranged(value, 1.0, f" {unit}" if unit else "")


def dollars(value: Quantity) -> str:
    return (
        f"${count(value.likely)} (${count(value.low)} to ${count(value.high)})"
        if value.high > value.low
        else f"${count(value.likely)}"
    )


def _ranged(value: Quantity, scale: float, unit: str) -> str:
    likely = f"{number(value.likely * scale)}{unit}"
    if value.high <= value.low:
        return likely
    return f"{likely} ({number(value.low * scale)} to {number(value.high * scale)})"


def clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M} UTC"


def duration(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


# Minutes from which on hours are easier to read.
LONG = 120


def before_onset(minutes: float) -> str:
    """`4 min before the onset`, with the measuring grid's coarseness in mind."""
    whole = floor(minutes + 0.5)
    if whole == 0:
        return "in the minute of the onset"
    if whole < 0:
        return f"{-whole} min after the first deviating sample"
    return f"{whole} min before the onset" if whole < LONG else f"{whole // 60} h {whole % 60} min before the onset"


def possessive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def listed(names: list[str]) -> str:
    """`a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
