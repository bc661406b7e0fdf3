"""Business: what the incidents index records for the scope and window, else an estimate from the scope's own past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from worker.domain.report import BusinessImpact, Quantity
from worker.domain.telemetry import Scope
from worker.domain.window import Window, parse_time

FEWEST_INCIDENTS = 2


def business_impact(history: Sequence[dict[str, Any]], scope: Scope, window: Window) -> BusinessImpact | None:
    """None where nothing is recorded and the past says nothing."""
    if recorded := [hit["_source"] for hit in recorded_in(history, scope, window)]:
        return BusinessImpact(
            orders_affected=_total(recorded, "orders_affected"),
            revenue_lost_usd=_total(recorded, "revenue_lost_usd"),
            source="recorded",
        )
    past = [hit["_source"] for hit in past_of(history, scope, window)]
    return _estimate(past, scope, window) if len(past) >= FEWEST_INCIDENTS else None


def recorded_in(history: Sequence[dict[str, Any]], scope: Scope, window: Window) -> list[dict[str, Any]]:
    """What others recorded of the scope in the window, with a figure."""
    return [hit for hit in _told(history, scope) if window.holds(_at(hit))]


def past_of(history: Sequence[dict[str, Any]], scope: Scope, window: Window) -> list[dict[str, Any]]:
    """What others recorded of the scope before the window, with a figure and how long it lasted."""
    return [hit for hit in _told(history, scope) if _at(hit) < window.start and _lasted(hit["_source"])]


def _told(history: Sequence[dict[str, Any]], scope: Scope) -> list[dict[str, Any]]:
    documents = ((hit, hit["_source"]) for hit in history)
    return [hit for hit, one in documents if _is_others(one) and _is_of(one, scope) and _has_figures(one)]


def _at(hit: dict[str, Any]) -> datetime:
    return parse_time(str(hit["_source"]["@timestamp"]))


def _is_others(document: dict[str, Any]) -> bool:
    """Our own incidents hold estimates of ours: they must not confirm themselves."""
    return "alert_ids" not in document


def _is_of(document: dict[str, Any], scope: Scope) -> bool:
    return scope.service is not None and scope.covers(Scope(document.get("service"), document.get("region")))


def _has_figures(document: dict[str, Any]) -> bool:
    return _number(document, "orders_affected") is not None or _number(document, "revenue_lost_usd") is not None


def _lasted(document: dict[str, Any]) -> bool:
    return (_number(document, "duration_minutes") or 0) > 0


def _number(document: dict[str, Any], name: str) -> float | None:
    value = document.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _total(documents: Sequence[dict[str, Any]], name: str) -> Quantity | None:
    values = [value for one in documents if (value := _number(one, name)) is not None]
    return Quantity(low=sum(values), likely=sum(values), high=sum(values)) if values else None


def _estimate(past: Sequence[dict[str, Any]], scope: Scope, window: Window) -> BusinessImpact:
    return BusinessImpact(
        orders_affected=_a_minute(past, "orders_affected", window.minutes),
        revenue_lost_usd=_a_minute(past, "revenue_lost_usd", window.minutes),
        source="estimated",
        assumption=(
            f"a minute of this costs what a minute of the {len(past)} recorded incidents of {scope} did "
            "(median; range: least to most)"
        ),
    )


def _a_minute(past: Sequence[dict[str, Any]], name: str, minutes: float) -> Quantity | None:
    rates = [
        value / (_number(one, "duration_minutes") or 1.0) for one in past if (value := _number(one, name)) is not None
    ]
    if not rates:
        return None
    return Quantity(low=min(rates) * minutes, likely=float(np.median(rates)) * minutes, high=max(rates) * minutes)
