"""What the fields of evidence are: from a figure's path its dimension, unit, signal, role, and its whole."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

Path = tuple[str, ...]

QUANTILES = ("p50", "p75", "p90", "p95", "p99")
USUAL = ("expected", "usual", "baseline", "before", "old", "in_baseline")
NOW = ("actual", "window", "within", "new", "in_window", "incident")
# Part of a field's name → (dimension, factor to its base: grams, seconds, shares of 1, dollars).
DIMENSIONS = (
    ("patterns/expected", ("lines", 1.0)),
    ("dollars", ("usd", 1.0)),
    ("per_sec", ("per_second", 1.0)),
    ("millicores", ("millicores", 1.0)),
    # Shares of the errors that name something.
    ("names/", ("share", 1.0)),
    ("carbon/split", ("grams", 1.0)),
    ("compute/split", ("vcpu_hours", 1.0)),
    ("cost_split", ("usd", 1.0)),
    ("users_share", ("share_of_users", 1.0)),
    ("share", ("share", 1.0)),
    ("percent", ("share", 0.01)),
    ("_pct", ("share", 0.01)),
    ("_ratio", ("share", 1.0)),
    ("objective", ("share", 1.0)),
    ("budget_burnt", ("share", 1.0)),
    ("sci/", ("grams_per_requests", 1.0)),
    ("kg_per_hour", ("grams_per_hour", 1000.0)),
    ("grams", ("grams", 1.0)),
    ("times_", ("times", 1.0)),
    ("latency_ms", ("seconds", 0.001)),
    ("microseconds", ("seconds", 1e-6)),
    ("milliseconds", ("seconds", 0.001)),
    ("_ms", ("seconds", 0.001)),
    ("_seconds", ("seconds", 1.0)),
    ("vcpu_hours", ("vcpu_hours", 1.0)),
    ("_usd", ("usd", 1.0)),
    ("revenue", ("usd", 1.0)),
    ("kwh", ("kwh", 1.0)),
    ("mebibytes", ("bytes", 2.0**20)),
    ("gibibytes", ("bytes", 2.0**30)),
    ("megabytes", ("bytes", 1e6)),
    ("gigabytes", ("bytes", 1e9)),
    ("bytes", ("bytes", 1.0)),
    ("orders", ("orders", 1.0)),
    ("incidents", ("incidents", 1.0)),
    # `users/requests_failed` counts requests.
    ("requests", ("requests", 1.0)),
    ("users", ("users", 1.0)),
    ("in_window", ("lines", 1.0)),
    ("in_baseline", ("lines", 1.0)),
    ("lines", ("lines", 1.0)),
    ("within", ("lines", 1.0)),
    ("/before", ("lines", 1.0)),
    # Of tools: each error is a line.
    ("errors", ("lines", 1.0)),
)
# Signal → dimension of its `actual` and `expected`.
OF_SIGNALS = {
    "carbon": ("grams_per_minute", 1.0),
    "carbon_per_demand": ("grams_per_minute", 1.0),
    "errors": ("share", 1.0),
    "retries": ("share", 1.0),
    "latency": ("seconds", 0.001),
    "cpu": ("share", 0.01),
    "memory": ("share", 0.01),
    "traffic": ("per_minute", 1.0),
    "silence": ("per_minute", -1.0),
}
# Part of a path → the signal it speaks of.
SIGNALS = (
    *(("retr", "retries"), ("error", "errors"), ("failed", "errors"), ("latency", "latency"), ("slow", "latency")),
    *(("carbon", "carbon"), ("co2", "carbon"), ("cpu", "cpu"), ("memory", "memory"), ("traffic", "traffic")),
    *(("requests_per", "traffic"), ("p50", "latency"), ("p95", "latency"), ("p99", "latency"), ("sci/", "carbon")),
    *(("silence", "lines"), ("requests", "traffic"), ("throughput", "traffic")),
)
# What a share is of, by the signal or by the field.
WHOLES = {"errors": "requests", "retries": "requests", "cpu": "cpu", "memory": "memory"}


class Slots(NamedTuple):
    """`whole`: what a share is of. `statistic`: "mean", or a quantile."""

    dimension: str
    factor: float
    signal: str | None
    role: str | None
    statistic: str | None
    whole: str | None


def slots(path: Path) -> Slots:
    dimension, factor = dimension_of(path)
    signal = _kind(path, dimension) or signal_of(path)
    return Slots(dimension, factor, signal, _role(path), _statistic(path, dimension), _whole(path, dimension, signal))


def titles(field: str) -> tuple[str, str]:
    """As the template spells a field, with its unit and without it."""
    return field.replace("_", " "), field.rpartition("_")[0].replace("_", " ")


@lru_cache(maxsize=256)
def spelled(text: str, fields: frozenset[str]) -> tuple[tuple[int, int], ...]:
    """Where a field is spelled in at least two words: "the search page error ratio" is of no service called search."""
    spelling = _spelling(fields)
    return tuple(one.span() for one in spelling.finditer(text)) if spelling else ()


def is_spelled(text: str, field: str) -> bool:
    spelling = _spelling(frozenset({field}))
    return spelling is not None and spelling.search(text) is not None


@lru_cache(maxsize=1_000)
def _spelling(fields: frozenset[str]) -> re.Pattern[str] | None:
    told = sorted({one for field in fields for one in titles(field) if " " in one}, key=len, reverse=True)
    words = "|".join(re.escape(one) for one in told)
    return re.compile(rf"\b(?:{words})\b") if words else None


def dimension_of(path: Path) -> tuple[str, float]:
    name = "/".join(path)
    if path and path[-1] in QUANTILES:
        return "seconds", 0.001
    return next((found for part, found in DIMENSIONS if part in name), ("count", 1.0))


def signal_of(path: Path) -> str | None:
    name = "/".join(path)
    return next((signal for part, signal in SIGNALS if part in name), None)


def _statistic(path: Path, dimension: str) -> str | None:
    if dimension == "lines":
        # How many were slower than a quantile is told with that word.
        return "slower" if "slower" in path[-1] else None
    quantile = next((one for one in QUANTILES if one in path[-1]), None)
    return quantile or ("mean" if dimension == "seconds" and "latency" in path[-1] else None)


def _whole(path: Path, dimension: str, signal: str | None) -> str | None:
    if dimension != "share":
        return None
    if path[0] == "names":
        return "errors"
    if path[0] == "parts":
        return "rise"
    if path[-1].startswith("share_of_co2"):
        return "emissions"
    if path[-1].startswith("error_share_") or path[0] == "patterns":
        return "lines"
    return WHOLES.get(signal or "")


def _kind(path: Path, dimension: str) -> str | None:
    """What no signal tells apart: money lost from money spent, errors from lines, a part of a rise from other parts."""
    if dimension == "usd":
        return "revenue" if re.search(r"revenue|loss|lost", "/".join(path)) else "cost"
    if dimension == "lines":
        return "errors" if re.search(r"in_window|in_baseline|errors", path[-1]) else "lines"
    if dimension == "share" and path[0] in ("parts", "patterns"):
        return "part of a rise" if path[0] == "parts" else "lines"
    return None


def _role(path: Path) -> str | None:
    if path and (path[0] == "rows" or path[-1].startswith("slower_than_usual")):
        return "now"
    for part in reversed(path):
        words = part.split("_")
        if part in USUAL or words[-1] in USUAL or (len(words) > 1 and words[-2] in USUAL):
            return "usual"
        if part in NOW or words[-1] in NOW or (len(words) > 1 and words[-2] in NOW):
            return "now"
    # Of a table of errors by service.
    return "now" if path[:1] == ("rows",) else None
