"""What every destination says of an incident, before it is dressed in the vendor's markup."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from worker.domain.figures import CO2_GRAMS, COUNT, describe, describe_usd, time_of
from worker.domain.incident import Incident
from worker.domain.report import Impact, Quantity, Report
from worker.domain.text import one_line

LONGEST_TITLE = 200


def subject(incident: Incident) -> str:
    """[high] checkout us-central1: failing requests since deploy-8841."""
    return f"[{incident.severity}] {cut(one_line(incident.title), LONGEST_TITLE)}"


def opening(incident: Incident) -> str:
    """The subject with the time it began: what is broken, how bad, why and since when."""
    return f"{subject(incident)} (began {time_of(incident.timestamp)})"


def impact_in_a_line(impact: Impact) -> str:
    return " · ".join(_impact(impact)) or "Impact: not measured"


def _impact(impact: Impact) -> Iterator[str]:
    estimated = f" ({impact.business.source})" if impact.business.source else ""
    if failed := _positive(impact.users.requests_failed):
        yield f"{describe(failed, COUNT).likely} requests failed"
    if excess := _positive(impact.carbon.excess_co2_grams):
        yield f"{describe(excess, CO2_GRAMS).likely} more than expected"
    if orders := _positive(impact.business.orders_affected):
        yield f"{describe(orders, COUNT).likely} orders affected{estimated}"
    if revenue := _positive(impact.business.revenue_lost_usd):
        yield f"{describe_usd(revenue).likely} lost{estimated}"


def _positive(quantity: Quantity | None) -> Quantity | None:
    return quantity if quantity and quantity.likely > 0 else None


def report_url(public_url: str, report: Report) -> str:
    return f"{public_url}/reports/{quote(report.report_id, safe='')}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
