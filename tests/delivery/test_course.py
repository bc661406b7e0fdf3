"""What every destination says of an incident's course."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.samples import an_incident
from tests.incidents.samples import ONSET, a_report
from worker.delivery.words import course, ending, uncited
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Impact, Quantity

END = ONSET + timedelta(minutes=38)
SETTLED = Quantity(low=900, likely=1240, high=1500)


def entry(event: str, reason: str = "All of its alerts have recovered.", minutes: int = 40) -> HistoryEntry:
    return HistoryEntry(at=ONSET + timedelta(minutes=minutes), event=event, reason=reason)


def over(*entries: HistoryEntry, **changes: Any) -> Incident:
    before = an_incident()
    ended = {
        "status": IncidentStatus.RESOLVED,
        "resolved_at": END,
        "duration_minutes": 38.0,
        "history": [*before.history, *(entries or [entry("resolved")])],
    }
    return before.model_copy(update=ended | changes)


def told(incident: Incident, *news: HistoryEntry) -> list[str]:
    return course(Notice(incident, a_report(), news=news, revision=len(incident.news)))


def test_the_ending_says_when_how_long_and_what_it_cost() -> None:
    assert ending(over(wasted_co2=SETTLED, settled_until=END), a_report()) == (
        "resolved 11:20 UTC after 38 min; 1.24 kgCO₂e wasted (measured), "
        "31 orders lost, $1,520 of revenue lost (estimated)"
    )


def test_before_it_is_settled_the_waste_is_called_what_it_is() -> None:
    assert "410 gCO₂e wasted until its last alert (measured)" in ending(over(), a_report())


def test_what_was_not_measured_is_left_out() -> None:
    nothing = {"wasted_co2_grams": None, "orders_affected": None, "revenue_lost_usd": None}
    assert ending(over(**nothing), a_report(impact=Impact())) == "resolved 11:20 UTC after 38 min"


def test_an_end_on_another_day_is_dated() -> None:
    end = ONSET + timedelta(days=1)
    assert ending(over(resolved_at=end, duration_minutes=1440.0), a_report()).startswith(
        "resolved 10:42 UTC, 27 Feb 2026 after 1 d"
    )


@pytest.mark.parametrize(
    ("event", "beginning"),
    [
        ("cause", "Cause found"), ("severity", "Severity changed"), ("spread", "It has spread"),
        ("reopened", "Reopened"), ("settled", "Settled"), ("resolved", "Resolved"), ("new kind", "News"),
    ],
)  # fmt: skip
def test_each_piece_of_news_is_a_sentence(event: str, beginning: str) -> None:
    assert told(an_incident(), entry(event, "It\nis so.")) == [f"{beginning} 11:22 UTC: It is so."]


def test_only_the_end_that_lasts_is_told_with_its_cost() -> None:
    first, back, last = entry("resolved"), entry("reopened", "It is back.", 45), entry("resolved", minutes=60)
    incident = over(first, back, last)
    said = told(incident, first, back, last)
    assert said[0] == "Resolved 11:22 UTC: All of its alerts have recovered."
    assert said[1] == "Reopened 11:27 UTC: It is back."
    assert said[2].startswith("Resolved 11:20 UTC after 38 min; ")
    assert said[2].endswith("(estimated).")


def test_a_long_reason_is_cut() -> None:
    assert len(told(an_incident(), entry("cause", "x" * 100_000))[0]) < 350


def test_the_opening_is_news_too() -> None:
    assert told(an_incident(), entry("opened", "Alert a1: 31 % fail."))[0] == "Opened 11:22 UTC: Alert a1: 31 % fail."


def test_evidence_is_left_out_where_it_leads_nowhere() -> None:
    assert uncited("Cap retries; they are 41 % of requests now [e5]. Roll back [e1 e2] first.") == (
        "Cap retries; they are 41 % of requests now. Roll back first."
    )
