"""Which incidents affect a scope: ours with their course and cost, and those that others wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from worker.answering import errors
from worker.answering.answer import Offer
from worker.answering.asking import Asking, Draft
from worker.answering.finding import incidents_about
from worker.answering.offering import has_ticket, offer_for_incident
from worker.answering.saying import at_least, bullets, scope_in
from worker.answering.topics import INCIDENT_ID
from worker.domain.figures import count, describe_count, duration, duration_of_minutes, number
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.lookup import PastIncident
from worker.domain.redaction.redact import excerpt
from worker.domain.report import CauseKind
from worker.domain.terms import describe_revenue, orders, revenue_money
from worker.domain.text import one_line
from worker.domain.wording import cause_in_words
from worker.errors import NotMeasured

MOST = 20
LONGEST_TITLE = 160
INDEX = "spiketrace-incidents"


def list_incidents(asking: Asking) -> Draft:
    asking.looking("the incidents on record")
    ours = incidents_about(asking)
    others = _others(asking)
    asking.found(f"{len(ours) + len(others)} on record")
    by_urgency, most = _by_urgency(ours), asking.understood.most or MOST
    shown = by_urgency[:most]
    cite = asking.exhibits.add_plain(
        "Incidents",
        INDEX,
        asking.window,
        {"incidents": [one.incident_id for one in ours], "recorded_by_others": [one.id for one in others]},
    )
    draft = Draft([f"{_headline(asking, ours, others)} {cite}."], incidents=shown)
    draft.lines += _instead(asking) if not ours and not others else []
    draft.lines += bullets(by_urgency, most, lambda one: line_of(one, asking))
    draft.lines += _cost_in_all(ours, asking)
    if others:
        draft.lines += ["Recorded by others:", *(f"- {_other_line(one, asking)}" for one in others[:MOST])]
        draft.others = [one.model_dump(mode="json") for one in others[:MOST]]
    draft.offer, draft.closing = _offer(asking, shown)
    return draft


def _by_urgency(incidents: list[Incident]) -> list[Incident]:
    """Open ones first, then the severest, then the newest."""
    return sorted(
        incidents,
        key=lambda one: (one.status is IncidentStatus.OPEN, one.severity.rank, one.timestamp),
        reverse=True,
    )


def _others(asking: Asking) -> list[PastIncident]:
    """What others wrote has their own words for a status: where one is asked for, it is not known whether it fits."""
    if asking.understood.status or asking.understood.severity:
        return []
    try:
        found = asking.looks.incidents(asking.scope, asking.window).rows
    except NotMeasured:
        return []
    return [one for one in found if not INCIDENT_ID.fullmatch(one.id)]


def _headline(asking: Asking, ours: list[Incident], others: list[PastIncident]) -> str:
    understood = asking.understood
    kind = " ".join(filter(None, [understood.status and understood.status.value, "incident"]))
    least = f" of severity {at_least(understood.severity)}" if understood.severity else ""
    whom, count = scope_in(understood, ""), len(ours) + len(others)
    if not count:
        return f"No {kind}{least} on record affects{whom or ' anything'} in this time"
    still = _still_open(ours, count) if understood.status is None and ours else ""
    if not whom:
        return f"{count} {kind}{'s are' if count > 1 else ' is'} on record{least} in this time{still}"
    return f"{count} {kind}{'s' if count > 1 else ''}{least} affect{'s' if count == 1 else ''}{whom}{still}"


def _instead(asking: Asking) -> list[str]:
    """Something may go wrong that no alert has told of: how errors stand, and what to ask."""
    scope = scope_in(asking.understood, "with")
    return [*errors.lately(asking), f"To have the telemetry looked at, ask: What's going wrong{scope}?"]


def _still_open(ours: list[Incident], count: int) -> str:
    """Of those that others recorded it is not known."""
    open_ones = sum(one.status is IncidentStatus.OPEN for one in ours)
    if count == 1:
        return ", and is still open" if open_ones else ", and is over"
    return f", {open_ones or 'none'} still open"


def line_of(one: Incident, asking: Asking) -> str:
    """What it is, how it stands, since when, why, what it cost, and where to read more."""
    parts = [
        f"{one_line(one.title)} ({one.incident_id})",
        f"{one.status.value}, {one.severity.value}",
        _when(one, asking),
        f"cause: {_cause(one)}",
        f"cost{'' if one.settled_until else ' so far'}: {'; '.join(_cost(one)) or 'nothing was measured'}",
    ]
    links = [f"{name}: {delivery.url}" for name, delivery in sorted(one.deliveries.items()) if delivery.url]
    report = [f"report: {asking.exhibits.places.report(one.report_ids[-1])}"] if one.report_ids else []
    return "; ".join([*parts, *report, *links])


def _when(one: Incident, asking: Asking) -> str:
    began = f"since {asking.when(one.timestamp)}"
    if one.resolved_at is None:
        return began
    return f"{began}, ended after {duration(one.resolved_at - one.timestamp)}"


def _cause(one: Incident) -> str:
    cause = one.root_cause
    if cause is None or cause.kind is CauseKind.UNKNOWN:
        return "not known"
    return cause_in_words(cause)


def _cost(one: Incident) -> Iterator[str]:
    if one.wasted_co2_grams is not None:
        yield _wasted(one.wasted_co2_grams)
    if one.requests_failed and one.requests_failed.likely > 0:
        yield f"{describe_count(one.requests_failed).likely} requests failed"
    yield from lost_business(one)


def lost_business(one: Incident) -> Iterator[str]:
    """Each with where it is known from."""
    source = f" ({one.business_source})" if one.business_source else ""
    if one.orders_affected is not None:
        yield f"{_orders(one.orders_affected)}{source}"
    if one.revenue_usd or one.revenue_lost_usd is not None:
        lost = (
            describe_revenue(one.revenue_usd).likely if one.revenue_usd else revenue_money(one.revenue_lost_usd or 0.0)
        )
        yield f"{lost} lost{source}"


def _orders(affected: float) -> str:
    return f"{count(affected)} {orders()} affected"


def _lost(usd: float) -> str:
    return f"{revenue_money(usd)} lost"


def _wasted(grams: float) -> str:
    return f"{number(grams)} gCO₂e wasted"


# Each in words, by the name that incidents have for it.
FIGURES: Mapping[str, Callable[[float], str]] = {
    "wasted_co2_grams": _wasted,
    "orders_affected": _orders,
    "revenue_lost_usd": _lost,
}


def _cost_in_all(ours: list[Incident], asking: Asking) -> list[str]:
    """Of several incidents: sums over those that tell, with how many that are."""
    if len(ours) < 2:
        return []
    told = []
    for name, in_words in FIGURES.items():
        values = [value for one in ours if (value := getattr(one, name)) is not None]
        if values:
            some = f" ({len(values)} of {len(ours)} incidents tell)" if len(values) < len(ours) else ""
            told.append(in_words(sum(values)) + some)
    return [f"In all{_so_far(ours, asking)}: {'; '.join(told)}."] if told else []


def _so_far(ours: list[Incident], asking: Asking) -> str:
    """Before an incident is settled, what its reports have measured stands, and each of them ends with its alert."""
    unsettled = [one for one in ours if one.settled_until is None]
    if not unsettled:
        return ""
    last = max((one.last_alert_at for one in unsettled if one.last_alert_at), default=None)
    as_of = f" of {asking.when(last)}" if last else ""
    return f" so far, as of the last alert{as_of}"


def _other_line(one: PastIncident, asking: Asking) -> str:
    minutes = duration_of_minutes(one.duration_minutes) if one.duration_minutes is not None else None
    cost = [
        _orders(one.orders_affected) if one.orders_affected is not None else None,
        _lost(one.revenue_lost_usd) if one.revenue_lost_usd is not None else None,
        _wasted(one.wasted_co2_grams) if one.wasted_co2_grams is not None else None,
    ]
    began = asking.when(one.at)
    parts = [_told(one.title or one.id), one.status, one.severity, began, minutes, *cost]
    return "; ".join(excerpt(one_line(part), LONGEST_TITLE) for part in parts if part)


def _told(text: str) -> str:
    return excerpt(one_line(text), LONGEST_TITLE)


def _offer(asking: Asking, shown: list[Incident]) -> tuple[Offer | None, list[str]]:
    """For the most urgent one that is open and has no ticket yet; else what is to be said of the most urgent one."""
    offers = [offer_for_incident(asking, one) for one in shown if one.status is IncidentStatus.OPEN]
    offer, sentence = next((found for found in offers if found[0]), offers[0] if offers else (None, ""))
    return offer, [sentence] if sentence else []


def incident_document(one: Incident, asking: Asking) -> dict[str, Any]:
    """One flat document: what a program, or a page, shows of it."""
    links = {name: delivery.url for name, delivery in one.deliveries.items() if delivery.url}
    return {
        "incident_id": one.incident_id,
        "title": one.title,
        "status": one.status.value,
        "severity": one.severity.value,
        "service": one.service,
        "region": one.region,
        "began": one.timestamp,
        "ended": one.resolved_at,
        "cause": _cause(one),
        "cost": list(_cost(one)),
        "wasted_co2_grams": one.wasted_co2_grams,
        "orders_affected": one.orders_affected,
        "revenue_lost_usd": one.revenue_lost_usd,
        "recorded_by": "spiketrace",
        "link": asking.exhibits.places.incident(one.incident_id),
        "report": asking.exhibits.places.report(one.report_ids[-1]) if one.report_ids else None,
        "tickets": links,
        "has_ticket": has_ticket(one),
    }


def other_document(one: dict[str, object]) -> dict[str, Any]:
    """What somebody else recorded, in the same form."""
    named = ("title", "status", "severity", "service", "region")
    texts = {name: excerpt(one_line(str(value)), LONGEST_TITLE) if (value := one.get(name)) else None for name in named}
    own = {"incident_id": one["id"], "began": one["at"], "ended": None, "cause": None, "recorded_by": "others"}
    return {
        **own,
        **texts,
        **{name: one.get(name) for name in FIGURES},
        "link": None,
        "report": None,
        "tickets": {},
        "has_ticket": False,
    }
