from __future__ import annotations

from typing import Any

from demo.received import issue_text, message_text, others_text


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def node(kind: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "content": list(content)}


def test_an_issue_reads_line_by_line() -> None:
    description = node(
        "doc",
        node("paragraph", text("It "), text("fails.")),
        node("heading", text("Impact")),
        node("table", *(node("tableRow", node("tableCell", node("paragraph", text(cell)))) for cell in ("CO₂", "4 g"))),
        node(
            "orderedList",
            node("listItem", node("paragraph", text("Roll back"))),
            node("listItem", node("paragraph", text("Look"))),
        ),
        node("bulletList", node("listItem", node("paragraph", text("a"), {"type": "hardBreak"}, text("b")))),
    )
    assert issue_text({"fields": {"description": description}}).splitlines() == [
        "It fails.",
        "",
        "Impact",
        "CO₂",
        "4 g",
        "1. Roll back",
        "2. Look",
        "- a",
        "b",
    ]


def test_a_message_reads_as_slack_shows_it() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*checkout* fails &lt;50 %&gt; &amp; more"}},
        {"type": "divider"},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "<http://a.example/r|the report> <http://b.example>"}],
        },
    ]
    assert message_text({"text": "unused", "blocks": blocks}).splitlines() == [
        "checkout fails <50 %> & more",
        "the report (http://a.example/r) http://b.example",
    ]


def test_a_message_without_blocks_is_its_text() -> None:
    assert message_text({"text": "plain", "blocks": []}) == "plain"


def test_what_is_escaped_does_not_become_markup() -> None:
    assert message_text({"text": "&lt;http://a.example|b&gt; &amp;lt;", "blocks": []}) == "<http://a.example|b> &lt;"


def test_the_others_are_counted() -> None:
    received: dict[str, Any] = {
        "pagerduty": {"alerts": [{"status": "resolved"}, {"status": "triggered"}]},
        "servicenow": {"records": [{}]},
        "email": {
            "mails": [
                {"message_id": "<1@x>", "references": ""},
                {"message_id": "<2@x>", "references": "<1@x>"},
            ]
        },
        "apprise": {"pushes": []},
    }
    assert (
        others_text(received) == "PagerDuty: 2 alerts, 1 resolved · ServiceNow: 1 record · email: 2 mails in 1 thread"
    )
