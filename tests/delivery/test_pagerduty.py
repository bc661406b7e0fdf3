"""What PagerDuty is sent, and which of its services."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.samples import INCIDENT_ID, a_notice, an_incident
from tests.incidents.samples import HEADLINE, ONSET, a_report
from tests.standins.server import Vendors
from worker.delivery.configured import destinations
from worker.delivery.pagerduty.payload import resolve, trigger
from worker.domain.incident import Delivery, HistoryEntry, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.severity import Severity
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import Destination
from worker.settings import load_settings

PUBLIC_URL = "https://spiketrace.example"
PAGE = f"{PUBLIC_URL}/reports/report-1"
KEY, OTHER_KEY = "a" * 32, "b" * 32


def event(**changes: Any) -> dict[str, Any]:
    return trigger(a_notice(an_incident(**changes)), public_url=PUBLIC_URL)


def test_the_event_says_what_is_broken_where_and_why() -> None:
    sent = event()
    assert (sent["event_action"], sent["dedup_key"]) == ("trigger", INCIDENT_ID)
    payload = sent["payload"]
    assert payload["summary"] == (
        "[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841 (began 10:42 UTC, 26 Feb 2026)"
    )
    assert (payload["source"], payload["component"], payload["group"], payload["class"]) == (
        "checkout, us-central1", "checkout", "us-central1", "deployment",
    )  # fmt: skip
    assert payload["timestamp"] == ONSET.isoformat()
    assert payload["custom_details"]["what happened"] == HEADLINE
    assert payload["custom_details"]["likely cause"].startswith("Deployment deploy-8841, version 2.3.0")
    assert sent["links"] == [{"href": PAGE, "text": "The whole report"}]


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [
        (Severity.LOW, "info"),
        (Severity.MEDIUM, "warning"),
        (Severity.HIGH, "error"),
        (Severity.CRITICAL, "critical"),
    ],
)
def test_severity_in_their_words(severity: Severity, theirs: str) -> None:
    assert event(severity=severity)["payload"]["severity"] == theirs


def test_whoever_hears_of_it_when_it_is_over_is_not_woken() -> None:
    sent = event(severity=Severity.CRITICAL, status=IncidentStatus.RESOLVED, resolved_at=ONSET + timedelta(hours=1))
    assert sent["payload"]["severity"] == "info"
    assert sent["payload"]["summary"].startswith("[critical] ")


def test_the_ticket_is_linked() -> None:
    ticket = Delivery(state="done", vendor_id="OPS-1", url="https://jira.example/browse/OPS-1", updated_at=ONSET)
    assert event(deliveries={"jira": ticket})["links"][1] == {
        "href": "https://jira.example/browse/OPS-1",
        "text": "jira: OPS-1",
    }


def test_an_event_of_the_longest_texts_fits() -> None:
    text = "Wörter & <Zeichen> " * 5_500
    report = a_report(headline=text)
    report.sections.recommendations = [text] * 20
    sent = trigger(a_notice(an_incident(title=text, service=text, region=text), report), public_url=PUBLIC_URL)
    assert len(sent["payload"]["summary"]) <= 1024
    assert len(json.dumps(sent)) < 512_000 / 10


def test_the_end_is_said_in_two_fields() -> None:
    assert resolve(an_incident()) == {"event_action": "resolve", "dedup_key": INCIDENT_ID}


def on_call(name: str | None) -> Notice:
    notice = a_notice()
    return Notice(
        notice.incident, notice.report, notice.news, notice.revision, options={"on_call": name} if name else {}
    )


@pytest.fixture
def destination(vendors: Vendors) -> Destination:
    return destinations(vendors.settings())["pagerduty"]


@pytest.mark.parametrize(("name", "service"), [(None, "Platform"), ("payments", "Payments")])
def test_who_was_called_is_told_the_end(
    vendors: Vendors, destination: Destination, name: str | None, service: str
) -> None:
    made = destination.open(on_call(name))
    assert "demo" not in str(made)
    receipt = Delivery(state="done", vendor_id=made.vendor_id, details=made.details, updated_at=ONSET, told=1)
    over = an_incident(status=IncidentStatus.RESOLVED, resolved_at=ONSET + timedelta(minutes=38))
    ended = HistoryEntry(at=ONSET, event="resolved", reason="All of its alerts have recovered.")
    destination.update(Notice(over, a_report(), news=(ended,), revision=2, options={"on_call": "search"}), receipt)
    (alert,) = vendors.alerts
    assert (alert["service"], alert["status"]) == (service, "resolved")


def test_an_on_call_that_nobody_knows_is_named_with_those_that_are(vendors: Vendors, destination: Destination) -> None:
    with pytest.raises(DeliveryError, match=r"no on-call 'search'; .* names payments") as caught:
        destination.open(on_call("search"))
    assert not caught.value.retryable
    assert vendors.alerts == []


def test_without_a_key_for_all_the_policy_has_to_name_one(vendors: Vendors) -> None:
    settings = vendors.settings(SPIKETRACE_PAGERDUTY_ROUTING_KEY="")
    with pytest.raises(DeliveryError, match="given no on-call by the policy"):
        destinations(settings)["pagerduty"].open(a_notice())


def test_the_vendors_sentences_are_told(vendors: Vendors, destination: Destination) -> None:
    body = json.dumps({"status": "invalid event", "message": "Event object is invalid", "errors": ["'a' is", "'b' is"]})
    vendors.fail("/pagerduty/v2/enqueue", status=400, body=body)
    with pytest.raises(DeliveryError, match=r"answered 400: Event object is invalid: 'a' is 'b' is$"):
        destination.open(a_notice())


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (f"payments={KEY} payments={OTHER_KEY}", "names payments twice"),
        (f"payments={KEY}, {OTHER_KEY}", "item 2 is not name=value"),
        (f"PAY MENTS={KEY}", "item 1 is not name=value"),
        ("payments=xxxx-xxxx", "32 letters and digits"),
    ],
)
def test_keys_that_cannot_be_read_are_pointed_at_and_not_repeated(keys: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        destinations(load_settings({"SPIKETRACE_PAGERDUTY_ROUTING_KEYS": keys}))
    assert not any(value in caught.value.reason for value in (KEY, OTHER_KEY, "xxxx"))


def test_keys_do_not_travel_in_the_clear() -> None:
    with pytest.raises(ConfigurationError, match="SPIKETRACE_PAGERDUTY_URL would send credentials over plain http"):
        load_settings(
            {
                "SPIKETRACE_PAGERDUTY_URL": "http://pagerduty.example/v2/enqueue",
                "SPIKETRACE_PAGERDUTY_ROUTING_KEYS": f"payments={KEY}",
            }
        )
