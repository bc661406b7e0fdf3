"""PagerDuty's stand-in keeps its rules, and the page shows what everybody received without running any of it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from smtplib import SMTP
from typing import Any

import httpx
import pytest

from tests.standins.server import LOCAL, Vendors, running_vendors

TRAP = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def running() -> Iterator[Vendors]:
    with running_vendors() as vendors:
        yield vendors


@pytest.fixture
def vendors(running: Vendors) -> Vendors:
    running.forget()
    return running


def pagerduty(vendors: Vendors, action: str = "trigger", **changes: Any) -> httpx.Response:
    payload = {"summary": "s", "source": "checkout", "severity": "error"} | changes.pop("payload", {})
    event = {
        "routing_key": vendors.credentials.pagerduty_routing_key,
        "event_action": action,
        "dedup_key": "inc-1",
        "payload": payload,
    }
    return LOCAL.post(f"{vendors.url}/pagerduty/v2/enqueue", json=event | changes)


def test_pagerduty_has_one_alert_a_key_while_it_is_open(vendors: Vendors) -> None:
    for action in ("trigger", "trigger", "resolve", "resolve", "trigger"):
        answer = pagerduty(vendors, action)
        assert (answer.status_code, answer.json()["status"]) == (202, "success")
    assert [(alert["status"], [entry["action"] for entry in alert["log"]]) for alert in vendors.alerts] == [
        ("resolved", ["trigger", "trigger", "resolve"]),
        ("triggered", ["trigger"]),
    ]


def test_pagerduty_keeps_services_apart(vendors: Vendors) -> None:
    pagerduty(vendors)
    pagerduty(vendors, "resolve", routing_key=vendors.credentials.pagerduty_payments_key)
    pagerduty(vendors, routing_key="x" * 32)
    assert [(alert["service"], alert["status"]) for alert in vendors.alerts] == [("Platform", "triggered")]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"routing_key": "short"}, "Length of 'routing_key' is incorrect"),
        ({"action": "shout"}, "'event_action' is invalid"),
        ({"action": "resolve", "dedup_key": ""}, "'dedup_key' is missing or blank"),
        ({"payload": {"summary": " "}}, "'payload.summary' is missing or blank"),
        ({"payload": {"summary": "x" * 1025}}, "'payload.summary' is too long"),
        ({"payload": {"severity": "high"}}, "'payload.severity' is invalid"),
        ({"dedup_key": "x" * 256}, "'dedup_key' is too long"),
    ],
)
def test_pagerduty_says_what_is_wrong(vendors: Vendors, changes: dict[str, Any], complaint: str) -> None:
    answer = pagerduty(vendors, **changes)
    assert answer.status_code == 400
    assert answer.json()["errors"][0].startswith(complaint)
    assert vendors.alerts == []


class Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def mail(vendors: Vendors) -> None:
    message = EmailMessage()
    message["Subject"] = TRAP
    message.set_content(TRAP)
    message.add_alternative(f'<p title="x">{TRAP}</p>', subtype="html")
    with SMTP(vendors.mail_url.removeprefix("smtp://")) as smtp:
        smtp.send_message(message, "a@x.example", ["b@x.example"])


def test_the_page_runs_nothing_of_anybody(vendors: Vendors) -> None:
    links = [{"href": "javascript:alert(1)", "text": TRAP}, {"href": "https://a.example", "text": "report"}]
    pagerduty(vendors, payload={"summary": TRAP, "custom_details": {TRAP: [TRAP]}}, links=links)
    push = {"version": "1.0", "title": TRAP, "message": TRAP, "type": "failure"}
    LOCAL.post(f"{vendors.url}/push/{vendors.credentials.apprise_token}", json=push).raise_for_status()
    mail(vendors)
    answer = LOCAL.get(vendors.url)
    page = Elements(answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not page.of("script")
    assert not page.of("img")
    assert {link["href"] for link in page.of("a") if not str(link["href"]).startswith("#")} == {"https://a.example"}
    (frame,) = page.of("iframe")
    assert frame["sandbox"] == ""
    assert TRAP in str(frame["srcdoc"])


def test_an_empty_page_says_so(vendors: Vendors) -> None:
    page = LOCAL.get(vendors.url).text
    assert page.count("None yet.") == 6
    assert "Email: 0 mails" in page
