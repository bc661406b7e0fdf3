"""Figures and times as people read them: the unit chosen by size, three significant digits, UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from worker.domain.report import Quantity
from worker.domain.window import Window

SIGNIFICANT_DIGITS = 3


class Unit(NamedTuple):
    """`factor` turns a stored value into this unit; used from `from_size` (of the stored value) on."""

    symbol: str
    factor: float = 1.0
    from_size: float = 0.0


class Figure(NamedTuple):
    """A quantity in words: "410 gCO₂e", and "352 to 471 gCO₂e" where it has a range."""

    likely: str
    interval: str | None


CO2_GRAMS = (
    Unit("mgCO₂e", factor=1e3),
    Unit("gCO₂e", from_size=1.0),
    Unit("kgCO₂e", factor=1e-3, from_size=1e3),
    Unit("tCO₂e", factor=1e-6, from_size=1e6),
)
VCPU_HOURS = (Unit("vCPU-h"),)


def describe(quantity: Quantity, units: tuple[Unit, ...]) -> Figure:
    """The quantity with its 90 % interval, all three numbers in the same unit."""
    unit = _fitting(max(abs(quantity.likely), abs(quantity.high)), units)
    low, likely, high = (value * unit.factor for value in (quantity.low, quantity.likely, quantity.high))
    if quantity.low == quantity.high:
        return Figure(likely=f"{exact(likely)} {unit.symbol}".rstrip(), interval=None)
    return Figure(
        likely=f"{number(likely)} {unit.symbol}".rstrip(),
        interval=f"{number(low)} to {number(high)} {unit.symbol}".rstrip(),
    )


def describe_count(quantity: Quantity) -> Figure:
    """Orders, requests: "86", and "70 to 102" where it has a range."""
    if quantity.low == quantity.high:
        return Figure(likely=exact(_whole(quantity.likely)), interval=None)
    return Figure(likely=count(quantity.likely), interval=f"{count(quantity.low)} to {count(quantity.high)}")


def describe_usd(quantity: Quantity) -> Figure:
    interval = None if quantity.low == quantity.high else f"{money(quantity.low)} to {money(quantity.high)}"
    return Figure(likely=money(quantity.likely), interval=interval)


def _fitting(size: float, units: tuple[Unit, ...]) -> Unit:
    if size == 0:
        return next((unit for unit in units if unit.factor == 1.0), units[0])
    return next((unit for unit in reversed(units) if size >= unit.from_size), units[0])


def money(usd: float) -> str:
    """$1,230, $12.30, $0.041: cents from ten cents up, nothing below the dollar from a hundred dollars up."""
    size = abs(usd)
    text = f"{size:,.2f}" if 0.1 <= size < 100 else number(size)
    return f"−${text}" if usd < 0 else f"${text}"


def number(value: float) -> str:
    """Three significant digits, whole numbers with thousands separated: 0.412, 41.2, 412, 41,200."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "unknown"
    decimals = SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(value)))
    return _trimmed(round(value, decimals), max(decimals, 0))


def count(value: float) -> str:
    """What can be counted has no parts: 86, also where it was estimated as 85.7. Below ten a part says something."""
    return number(_whole(value))


def _whole(value: float) -> float:
    return round(value) if math.isfinite(value) and abs(value) >= 10 else value


def exact(value: float) -> str:
    """A value that was counted: whole numbers in full, others to three significant digits."""
    return _trimmed(value, 0) if value % 1 == 0 else number(value)


def _trimmed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def clock(moment: datetime) -> str:
    """10:42, or 10:42:30 where the seconds say something."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%H:%M:%S" if moment.second else "%H:%M")


def day(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y}"


def time_of(moment: datetime) -> str:
    """10:42 UTC, 26 Feb 2026."""
    return f"{clock(moment)} UTC, {day(moment)}"


def span_of(window: Window) -> str:
    """10:42 to 10:58 UTC, 26 Feb 2026 (16 min); both days where it runs over midnight."""
    length = duration(window.length)
    if day(window.start) == day(window.end):
        return f"{clock(window.start)} to {time_of(window.end)} ({length})"
    return f"{time_of(window.start)} to {time_of(window.end)} ({length})"


def duration(length: timedelta) -> str:
    """The two largest parts that are not zero: 45 s, 16 min, 2 h 5 min, 7 d."""
    seconds = round(length.total_seconds())
    parts = []
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def duration_of_minutes(minutes: float) -> str:
    return duration(timedelta(minutes=minutes))
