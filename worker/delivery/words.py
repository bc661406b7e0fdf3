"""What every destination says of an incident, before it is dressed in the vendor's markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

from worker.domain import terms
from worker.domain.figures import CO2_GRAMS, clock, describe, describe_count, duration, time_of
from worker.domain.incident import HistoryEntry, Incident
from worker.domain.notice import Notice
from worker.domain.report import Impact, Quantity, Report
from worker.domain.text import CITATION, one_line
from worker.domain.wording import sentences

LONGEST_TITLE = 200
LONGEST_REASON = 300
# How a sentence begins that tells of such an entry of the history; the entry's own reason follows.
BEGINNINGS = {
    "opened": "Opened",
    "cause": "Cause found",
    "severity": "Severity changed",
    "spread": "It has spread",
    "resolved": "Resolved",
    "reopened": "Reopened",
    "settled": "Settled",
    "linked": "Linked",
}


def subject(incident: Incident) -> str:
    """[high] checkout us-central1: failing requests since deploy-8841."""
    return f"[{incident.severity}] {cut(one_line(incident.title), LONGEST_TITLE)}"


def opening(incident: Incident) -> str:
    """The subject with the time it began: what is broken, how bad, why and since when."""
    return f"{subject(incident)} (began {time_of(incident.timestamp)})"


def resolved_subject(incident: Incident) -> str:
    """[resolved] checkout us-central1: failing requests since deploy-8841."""
    return f"[resolved] {cut(one_line(incident.title), LONGEST_TITLE)}"


def course(notice: Notice) -> list[str]:
    """A sentence for each piece of the notice's news, the oldest first. Plain text, still to be escaped."""
    return [news_sentence(entry, notice) for entry in notice.news]


def news_sentence(entry: HistoryEntry, notice: Notice) -> str:
    """Cause found 10:58 UTC: Deployment deploy-8841 was found to be the cause."""
    if notice.is_over and entry == _last(notice.incident, "resolved"):
        text = ending(notice.incident, notice.report)
        return f"{text[:1].upper()}{text[1:]}."
    beginning = BEGINNINGS.get(entry.event, "News")
    return f"{beginning} {clock(entry.at)} UTC: {cut(one_line(entry.reason), LONGEST_REASON)}"


def _last(incident: Incident, event: str) -> HistoryEntry | None:
    return next((entry for entry in reversed(incident.history) if entry.event == event), None)


def ending(incident: Incident, report: Report) -> str:
    """resolved 11:20 UTC after 38 min; 1.2 kgCO₂e wasted, 31 orders lost (measured)."""
    cost = losses(incident, report)
    return f"resolved{_when(incident)}; {cost}" if cost else f"resolved{_when(incident)}"


def _when(incident: Incident) -> str:
    if incident.resolved_at is None:
        return ""
    is_same_day = incident.resolved_at.date() == incident.timestamp.date()
    moment = f"{clock(incident.resolved_at)} UTC" if is_same_day else time_of(incident.resolved_at)
    return f" {moment} after {duration(_length(incident, incident.resolved_at))}"


def _length(incident: Incident, resolved_at: datetime) -> timedelta:
    if incident.duration_minutes is None:
        return max(resolved_at - incident.timestamp, timedelta())
    return timedelta(minutes=incident.duration_minutes)


class _Loss(NamedTuple):
    text: str
    basis: str | None


def losses(incident: Incident, report: Report) -> str:
    """1.2 kgCO₂e wasted, 31 orders lost (measured); empty where nothing of it is known.

    `report` says whether a figure was measured. Figures with the same basis share its mention.
    """
    known = groupby(_losses(incident, report.impact), key=lambda loss: loss.basis)
    return ", ".join(_with_basis([loss.text for loss in group], basis) for basis, group in known)


def _with_basis(texts: list[str], basis: str | None) -> str:
    return f"{', '.join(texts)} ({basis})" if basis else ", ".join(texts)


def _losses(incident: Incident, impact: Impact) -> Iterator[_Loss]:
    if grams := _positive(incident.wasted_co2 or _counted(incident.wasted_co2_grams)):
        yield _Loss(f"{describe(grams, CO2_GRAMS).likely} wasted{_until(incident)}", impact.carbon.method)
    if orders := _positive(_counted(incident.orders_affected)):
        yield _Loss(f"{describe_count(orders).likely} {terms.orders()} lost", impact.business.source)
    if revenue := _positive(_counted(incident.revenue_lost_usd)):
        yield _Loss(f"{terms.describe_revenue(revenue).likely} of {terms.revenue()} lost", impact.business.source)


def _until(incident: Incident) -> str:
    """Before it is settled, the largest figure of its reports stands, and each of them ends with its alert."""
    return "" if incident.settled_until else " until its last alert"


def _counted(value: float | None) -> Quantity | None:
    return None if value is None else Quantity(low=value, likely=value, high=value)


def not_known(report: Report) -> list[str]:
    """Traces: there is no index of them. Effect: callers are guessed by time."""
    return [f"{one_line(gap.what)}: {sentences([gap.reason, f'Effect: {gap.effect}'])}" for gap in report.gaps]


def impact_so_far(incident: Incident, report: Report) -> str:
    """What the incident cost as a whole, once that is settled; until then what its report has measured."""
    settled = list(_settled(incident, report)) if incident.settled_until else []
    return " · ".join(settled) or impact_in_a_line(report.impact)


def _settled(incident: Incident, report: Report) -> Iterator[str]:
    if failed := _positive(incident.requests_failed):
        yield f"{describe_count(failed).likely} requests failed"
    if cost := losses(incident, report):
        yield cost


def impact_in_a_line(impact: Impact) -> str:
    return " · ".join(_impact(impact)) or "Impact: not measured"


def _impact(impact: Impact) -> Iterator[str]:
    estimated = f" ({impact.business.source})" if impact.business.source else ""
    if failed := _positive(impact.users.requests_failed):
        yield f"{describe_count(failed).likely} requests failed"
    if excess := _positive(impact.carbon.excess_co2_grams):
        yield f"{describe(excess, CO2_GRAMS).likely} more than expected"
    if orders := _positive(impact.business.orders_affected):
        yield f"{describe_count(orders).likely} {terms.orders()} affected{estimated}"
    if revenue := _positive(impact.business.revenue_lost_usd):
        yield f"{terms.describe_revenue(revenue).likely} lost{estimated}"


def _positive(quantity: Quantity | None) -> Quantity | None:
    return quantity if quantity and quantity.likely > 0 else None


def uncited(text: str) -> str:
    """`text` without its references to the report's evidence, for where they lead nowhere."""
    return re.sub(rf"\s?{CITATION}", "", text)


def report_url(public_url: str, report: Report) -> str:
    return f"{public_url}/reports/{quote(report.report_id, safe='')}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
