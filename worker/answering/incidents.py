"""Which incidents affect a scope: ours with their course and cost, and those that others wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from worker.answering import errors
from worker.answering.answer import Offer, Understood
from worker.answering.asking import Asking, Draft
from worker.answering.exhibits import INCIDENTS
from worker.answering.finding import urgency, wanted
from worker.answering.offering import has_ticket, offer_for_incident
from worker.answering.recorded import Others, Recorded, is_over, recorded_by_others
from worker.answering.saying import at_least, brief, bullets, counted, scope_in
from worker.domain.figures import count, describe_count, duration, duration_of_minutes, number
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.lookup import PastIncident
from worker.domain.report import CauseKind
from worker.domain.severity import Severity
from worker.domain.terms import describe_revenue, orders, revenue_money
from worker.domain.text import one_line
from worker.domain.wording import cause_in_words

MOST = 20
OF_BUSINESS = frozenset({"orders_affected", "revenue_lost_usd"})

# What an incident cost, by the names of FIGURES.
Figures = dict[str, float | None]


def list_incidents(asking: Asking) -> Draft:
    asking.looking("the incidents on record")
    every = asking.incidents.during(asking.window)
    ours, others = wanted(every, asking), recorded_by_others(asking, every)
    each = _each_once(ours, others.wanted)
    asking.found(f"{len(each)} on record")
    by_urgency, most = sorted(ours, key=urgency, reverse=True), asking.understood.most or MOST
    shown = by_urgency[:most]
    cite = asking.exhibits.add_plain("Incidents", INCIDENTS, asking.window, _result(ours, others.wanted, each))
    draft = Draft([f"{_headline(asking, ours, others.wanted)} {cite}."], incidents=shown)
    draft.lines += _instead(asking) if not each else []
    draft.lines += bullets(by_urgency, most, lambda one: line_of(one, asking))
    if others.wanted:
        draft.lines += ["Recorded by others:", *bullets(others.wanted, most, lambda one: _other_line(one, asking))]
        draft.others = [_plain_of(one) for one in others.wanted[:most]]
    draft.lines += [*_cost_in_all(ours, each, asking, cite), *_not_in_it(others)]
    draft.offer, draft.closing = _offer(asking, shown)
    return draft


def _result(ours: list[Incident], others: list[Recorded], each: list[Figures]) -> dict[str, Any]:
    return {
        "incidents": [one.incident_id for one in ours],
        "recorded_by_others": [one.one.id for one in others],
        "in_all": {name: sum(values) for name in FIGURES if (values := _told_of(name, each))},
    }


def _plain_of(recorded: Recorded) -> dict[str, object]:
    same_as = recorded.same_as.incident_id if recorded.same_as else None
    return {**recorded.one.model_dump(mode="json"), "same_as": same_as}


def _not_in_it(others: Others) -> list[str]:
    lines = []
    if others.unrated:
        names = ", ".join(severity.value for severity in Severity)
        lines.append(f"Left out: {others.unrated} that others recorded with no severity of {names}.")
    if others.unread:
        lines.append(f"{others.unread:,} older documents were not read, and are not in it.")
    return lines


def _headline(asking: Asking, ours: list[Incident], others: list[Recorded]) -> str:
    understood = asking.understood
    kind = " ".join(filter(None, [understood.status and understood.status.value, "incident"]))
    least = f" of severity {at_least(understood.severity)}" if understood.severity else ""
    whom, number = scope_in(understood, ""), len(_each_once(ours, others))
    if not number:
        return f"No {kind}{least} on record affects{whom or ' anything'} in this time"
    state = _state(understood, ours, others)
    if not whom:
        return f"{counted(number, kind)} {'is' if number == 1 else 'are'} on record{least} in this time{state}"
    return f"{counted(number, kind)}{least} {_affect(number, ours, others)}{whom}{state}"


def _affect(number: int, ours: list[Incident], others: list[Recorded]) -> str:
    """What is over is told of as past."""
    if not _open_ones(ours) and not _without_end(others):
        return "affected"
    return "affects" if number == 1 else "affect"


def _each_once(ours: list[Incident], others: list[Recorded]) -> list[Figures]:
    """What each cost: of what others recorded as well, by our figures, or theirs where we have only guessed or none."""
    listed = {one.incident_id for one in ours}
    alone = [one.one for one in others if one.same_as is None or one.same_as.incident_id not in listed]
    each = [_figures_of(one, [two.one for two in others if two.same_as == one]) for one in ours]
    return [*each, *({name: getattr(one, name) for name in FIGURES} for one in alone)]


def _figures_of(one: Incident, theirs: list[PastIncident]) -> Figures:
    own: Figures = {name: getattr(one, name) for name in FIGURES}
    told = {name: next((value for two in theirs if (value := getattr(two, name)) is not None), None) for name in own}
    is_guess = one.business_source == "estimated"
    firm = {name: value for name, value in own.items() if not (is_guess and name in OF_BUSINESS)}
    return {
        name: next((value for value in (firm.get(name), told[name]) if value is not None), own[name]) for name in own
    }


def _instead(asking: Asking) -> list[str]:
    """Something may go wrong that no alert has told of: how errors stand, and what to ask."""
    scope = scope_in(asking.understood, "with")
    return [*errors.lately(asking), f"To have the telemetry looked at, ask: What's going wrong{scope}?"]


def _state(understood: Understood, ours: list[Incident], others: list[Recorded]) -> str:
    """How many are still on: by what others recorded, those that they wrote no end of."""
    number, still, without_end = len(_each_once(ours, others)), _open_ones(ours), _without_end(others)
    if understood.status is not None:
        is_open = understood.status is IncidentStatus.OPEN and without_end
        of_them = "" if number == 1 else f" {without_end} of them"
        return f",{of_them} recorded by others without an end" if is_open else ""
    if number == 1:
        return _state_of_one(bool(ours), still, without_end)
    if not without_end:
        return f", {still or 'none'} still open"
    open_ones = f"{still} still open, and" if still else "none still open but"
    return f", {open_ones} {without_end} that others recorded without an end"


def _state_of_one(is_ours: bool, still: int, without_end: int) -> str:
    if still:
        return ", and is still open"
    if without_end:
        return (
            "; it is over, but others recorded it without an end" if is_ours else "; others recorded it, without an end"
        )
    return "; it is over"


def _open_ones(ours: list[Incident]) -> int:
    return sum(one.status is IncidentStatus.OPEN for one in ours)


def _without_end(others: list[Recorded]) -> int:
    """But for those that are told of as open by ours."""
    return sum(
        not is_over(one.one) and not (one.same_as and one.same_as.status is IncidentStatus.OPEN) for one in others
    )


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


def _cost_in_all(ours: list[Incident], each: list[Figures], asking: Asking, cite: str) -> list[str]:
    """Of several incidents: sums over those that tell, with how many that are."""
    if len(each) < 2:
        return []
    told = []
    for name, in_words in FIGURES.items():
        if values := _told_of(name, each):
            some = f" ({len(values)} of {len(each)} incidents tell)" if len(values) < len(each) else ""
            told.append(in_words(sum(values)) + some)
    return [f"In all{_so_far(ours, asking)}: {'; '.join(told)} {cite}."] if told else []


def _told_of(name: str, each: list[Figures]) -> list[float]:
    return [value for one in each if (value := one[name]) is not None]


def _so_far(ours: list[Incident], asking: Asking) -> str:
    """Before an incident is settled, what its reports have measured stands, and each of them ends with its alert."""
    unsettled = [one for one in ours if one.settled_until is None]
    if not unsettled:
        return ""
    last = max((one.last_alert_at for one in unsettled if one.last_alert_at), default=None)
    as_of = f" of {asking.when(last)}" if last else ""
    return f" so far, as of the last alert{as_of}"


def _other_line(recorded: Recorded, asking: Asking) -> str:
    one, same_as = recorded
    minutes = duration_of_minutes(one.duration_minutes) if one.duration_minutes is not None else None
    named = ("orders_affected", "revenue_lost_usd", "wasted_co2_grams")
    cost = [FIGURES[name](value) for name in named if (value := getattr(one, name)) is not None]
    same = f"taken to be the same as {same_as.incident_id}, which is {same_as.status.value}" if same_as else None
    parts = [one.title or one.id, one.status, one.severity, asking.when(one.at), minutes, *cost, same]
    return "; ".join(brief(part) for part in parts if part)


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
    texts = {name: brief(str(value)) if (value := one.get(name)) else None for name in named}
    own = {"incident_id": one["id"], "began": one["at"], "ended": None, "cause": None, "recorded_by": "others"}
    return {
        **own,
        **texts,
        **{name: one.get(name) for name in FIGURES},
        "link": None,
        "report": None,
        "tickets": {},
        "has_ticket": False,
        "same_as": one.get("same_as"),
    }
