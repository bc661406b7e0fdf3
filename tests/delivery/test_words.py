"""What people read in Jira and in Slack."""

from __future__ import annotations

import html
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.samples import INCIDENT_ID, a_notice, an_incident
from tests.incidents.samples import FIRED, HEADLINE, a_report
from tests.standins.server import Vendors
from worker.delivery.jira.api import CLOUD, JiraApi
from worker.delivery.jira.client import JiraClient
from worker.delivery.jira.payload import issue_fields
from worker.delivery.slack.mrkdwn import mrkdwn
from worker.delivery.slack.payload import opening
from worker.domain.incident import Delivery
from worker.domain.report import Impact, Verdict
from worker.domain.severity import Severity
from worker.policy import Policy

PUBLIC_URL = "https://spiketrace.example"
PAGE = f"{PUBLIC_URL}/reports/report-1"
IMPACT = (
    "1,240 requests failed · 410 gCO₂e more than expected · 31 orders affected (estimated) · $1,520 lost (estimated)"
)
OPENING = "[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841 (began 10:42 UTC, 26 Feb 2026)"


def message(**changes: Any) -> dict[str, Any]:
    return opening(a_notice(an_incident(**changes)), PUBLIC_URL)


def lines(message: dict[str, Any]) -> list[str]:
    texts = [block["text"] if block["type"] == "section" else block["elements"][0] for block in message["blocks"]]
    return [text["text"] for text in texts]


def test_the_message_answers_on_one_screen() -> None:
    assert lines(message()) == [
        f"*{OPENING}*",
        HEADLINE,
        IMPACT,
        f"Do first: {a_report().sections.recommendations[0]}",
        f"<{PAGE}|Open the report> · {INCIDENT_ID} · rule “Carbon spike by service”",
    ]
    assert message()["text"] == OPENING


def test_the_message_links_the_ticket_if_there_is_one() -> None:
    ticket = Delivery(
        state="done", vendor_id="OPS-1", url="https://jira.example/browse/OPS-1", updated_at=a_report().created_at
    )
    assert "<https://jira.example/browse/OPS-1|OPS-1>" in lines(message(deliveries={"jira": ticket}))[-1]


def test_what_was_not_measured_is_not_made_up() -> None:
    sent = opening(a_notice(report=a_report(impact=Impact())), PUBLIC_URL)
    assert lines(sent)[2] == "Impact: not measured"


def test_no_button_asks_for_an_app() -> None:
    assert {block["type"] for block in message()["blocks"]} == {"section", "context"}


@given(text=st.text(), limit=st.integers(8, 80))
def test_escaped_text_is_inert_and_short(text: str, limit: int) -> None:
    escaped = mrkdwn(text, limit)
    assert len(escaped) <= limit
    assert not set("<>*`\n") & set(escaped)
    assert "&" not in escaped.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@given(text=st.text(st.sampled_from("ab<>&; "), max_size=30))
def test_what_was_escaped_is_shown_as_it_was(text: str) -> None:
    assert html.unescape(mrkdwn(text, 500)) == " ".join(text.split())


def fields(**changes: Any) -> dict[str, Any]:
    notice = a_notice(report=a_report(**changes))
    return issue_fields(notice, project="OPS", issue_type="Task", public_url=PUBLIC_URL, markup=CLOUD.markup)


def plain(node: dict[str, Any]) -> str:
    """An ADF document as text: one line a block, cells with a bar between them."""
    if node["type"] == "text":
        return str(node["text"])
    between = {"tableRow": " | ", "paragraph": "", "heading": "", "listItem": "", "tableCell": "", "tableHeader": ""}
    return between.get(node["type"], "\n").join(plain(child) for child in node.get("content", []))


def test_the_ticket_says_what_a_search_would_look_for() -> None:
    issue = fields()
    assert issue["summary"] == "[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841"
    assert issue["labels"] == ["spiketrace", f"spiketrace-{INCIDENT_ID}"]
    assert (issue["project"], issue["issuetype"], issue["priority"]) == (
        {"key": "OPS"},
        {"name": "Task"},
        {"name": "High"},
    )


def test_the_description_reads_from_the_opening_to_the_proof() -> None:
    text = plain(fields()["description"]).split("\n")
    assert text[0] == a_report().sections.overview.replace("[e2 e5]", "[e2][e5]")
    assert [line for line in text if line in ("Impact", "Cause and evidence", "Recommendations", "Not known")] == [
        "Impact", "Cause and evidence", "Recommendations", "Not known",
    ]  # fmt: skip
    assert "Carbon (measured) | Excess CO₂ | 410 gCO₂e | 350 to 470 gCO₂e" in text
    assert "Not measured: requests slowed, users affected, excess compute, excess cost." in text
    (cause,) = (line for line in text if "confidence 0.93: Its own documents" in line)
    assert cause.startswith("Deployment deploy-8841, version 2.3.0 (checkout, us-central1)")
    assert cause.endswith("Against it: Latency rose one minute before the first of its documents.")


def links(node: dict[str, Any]) -> dict[str, str]:
    for mark in node.get("marks", []):
        if mark["type"] == "link":
            return {node["text"]: mark["attrs"]["href"]}
    return {text: address for child in node.get("content", []) for text, address in links(child).items()}


def test_evidence_can_be_opened() -> None:
    found = links(fields()["description"])
    assert found["[e1]"] == found["e1"] == f"{PAGE}#e1"
    assert found["The whole report"] == PAGE
    assert found["Kibana"] == "https://kibana.example/app/discover#/1"


def test_only_addresses_of_the_web_are_linked() -> None:
    evidence = a_report().evidence
    evidence[0].link = "javascript:alert(1)"
    assert "Kibana" not in links(fields(evidence=evidence)["description"])


def test_an_unknown_cause_is_called_so() -> None:
    text = plain(fields(verdict=Verdict.INCONCLUSIVE, root_cause=None, candidates=[], confidence=None)["description"])
    assert "The cause is not known." in text


def test_a_project_without_priorities_gets_its_issue_all_the_same(vendors: Vendors) -> None:
    credentials = vendors.credentials
    api = JiraApi(f"{vendors.url}/jira", user=credentials.jira_user, token=credentials.jira_token)
    sentence = "Field 'priority' cannot be set. It is not on the appropriate screen, or unknown."
    body = json.dumps({"errorMessages": [], "errors": {"priority": sentence}})
    vendors.fail("/jira/rest/api/3/issue", status=400, body=body)
    assert JiraClient(api).create(fields()).key == "OPS-1"
    assert "priority" not in vendors.issues[0]["fields"]


def test_the_page_of_the_stand_ins_shows_both(vendors: Vendors) -> None:
    posted = f"{vendors.url}/slack/services/{vendors.credentials.slack_webhook_path}"
    httpx.post(posted, json=message()).raise_for_status()
    auth = (vendors.credentials.jira_user, vendors.credentials.jira_token)
    created = httpx.post(f"{vendors.url}/jira/rest/api/3/issue", json={"fields": fields()}, auth=auth)
    created.raise_for_status()
    page = httpx.get(vendors.url).text
    assert "<strong>[high] checkout us-central1: failing requests" in page
    assert f'<a href="{PAGE}" rel="noreferrer noopener">Open the report</a>' in page
    assert "<td><p>410 gCO₂e</p></td>" in page


BOTH = ("jira", "slack")


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        (Severity.LOW, set()),
        (Severity.MEDIUM, {"slack"}),
        (Severity.HIGH, {"slack", "jira"}),
        (Severity.CRITICAL, {"slack", "jira"}),
    ],
)
def test_a_message_from_medium_and_a_ticket_from_high(severity: Severity, told: set[str]) -> None:
    incident = an_incident(severity=severity)
    assert Policy().routes(incident, BOTH, FIRED).told.keys() == told
    assert not Policy().routes(incident, (), FIRED).told
