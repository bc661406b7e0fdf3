"""The destinations that the contract is tested with: a new one is added here, and gets all of its tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

from tests.standins.server import Vendors
from worker.delivery.configured import destinations
from worker.ports import Destination

# Whether another attempt is worth it, by what the vendor answers.
HTTP_ANSWERS: Mapping[int, bool] = MappingProxyType(
    {
        302: False, 400: False, 401: False, 403: False, 404: False, 408: True, 410: False, 413: False, 429: True,
        500: True, 502: True, 503: True, 504: True,
    }
)  # fmt: skip
# https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1: 4yz is for now, 5yz for good.
SMTP_ANSWERS: Mapping[int, bool] = MappingProxyType(
    {421: True, 450: True, 451: True, 452: True, 550: False, 552: False, 554: False}
)
# An incident opens, finds its cause, is resolved, and is reopened.
COURSE = ("opened", "cause", "resolved", "reopened")


@dataclass(frozen=True)
class Case:
    """One destination and its stand-in.

    `path` is where the vendor makes the thing (with the method where others share it), and `made` counts what it has.
    `update_path` is where it is told of the incident's course: the last of the calls if there are several; None: where
    it was made. `shows` is what people see there, and `course` what that is after each step of COURSE; without them it
    is the number of things made.
    `answers` says what is worth another attempt, `in_doubt` after which of them the thing may have been made all the
    same, `says` how an answer is quoted. `waits`: the vendor can say how long to wait. `knows_its_answers`: a success
    of somebody else, such as a proxy's page, is not taken for the vendor's. `can_be_asked`: without making anything.
    """

    open: Callable[[Vendors], Destination]
    path: Callable[[Vendors], str]
    made: Callable[[Vendors], int]
    secrets: Callable[[Vendors], list[str]]
    update_path: Callable[[Vendors], str] | None = None
    shows: Callable[[Vendors], list[str]] | None = None
    course: Sequence[Sequence[str]] = ((), (), (), ())
    answers: Mapping[int, bool] = field(default_factory=lambda: HTTP_ANSWERS)
    in_doubt: Collection[int] = (502, 504)
    says: str = "answered {status}: no_service"
    waits: bool = True
    knows_its_answers: bool = True
    can_be_asked: bool = False

    def shown(self, vendors: Vendors) -> list[str]:
        return self.shows(vendors) if self.shows else ["made"] * self.made(vendors)

    def expected(self, step: int) -> list[str]:
        return list(self.course[step]) if self.shows else ["made"]


@cache
def configured(vendors: Vendors, *, by_bot: bool = False) -> dict[str, Destination]:
    """All that are registered, as a process has them: made once, since each reads the authorities it trusts."""
    return destinations(vendors.bot_settings() if by_bot else vendors.settings())


@cache
def in_data_center(vendors: Vendors) -> dict[str, Destination]:
    return destinations(vendors.data_center_settings())


def of_kind(answers: Mapping[int, bool], *, retryable: bool) -> int:
    """An answer that is, or is not, worth another attempt."""
    return next(status for status, is_retryable in answers.items() if is_retryable is retryable)


def events(vendors: Vendors) -> list[str]:
    """What was logged with each alert; a repeated event says the same and counts once."""
    entries = [
        (position, entry["action"], entry["payload"].get("custom_details", {}).get("revision"))
        for position, alert in enumerate(vendors.alerts)
        for entry in alert["log"]
    ]
    return [f"alert {position + 1}: {action}" for position, action, _ in dict.fromkeys(entries)]


def conversation(vendors: Vendors) -> list[str]:
    """Each message of the channel by what it says first, and under it the replies in its thread."""
    return [
        f"{indent}{said_first(one['text'])}"
        for message in vendors.messages
        for indent, one in [("", message), *(("- ", reply) for reply in message["replies"])]
    ]


def said_first(text: str) -> str:
    found = re.search(r"Details|Cause|Resolved|Open again|\[high\]", text)
    return found[0] if found else text


def threads(vendors: Vendors) -> list[str]:
    """Of each mail, what its first sentence of news begins with, and which thread its references put it into."""
    roots = list(dict.fromkeys(mail["references"] or mail["message_id"] for mail in vendors.mails))
    return [
        f"thread {roots.index(mail['references'] or mail['message_id']) + 1}: {news_in(mail['text'])}"
        for mail in vendors.mails
    ]


def news_in(text: str) -> str:
    return ", ".join(pieces_of_news(text)) or "opened"


def pieces_of_news(text: str) -> list[str]:
    return re.findall(r"^(?:\* )?(Cause found|Severity changed|Resolved|Reopened) ", text, re.MULTILINE)


def text_of(body: Any) -> str:
    """Of wiki markup, or of a document in Atlassian's format."""
    if isinstance(body, str):
        return body
    if body["type"] == "text":
        return str(body["text"])
    return ("\n" if body["type"] in ("doc", "bulletList") else "").join(map(text_of, body.get("content", [])))


def comments(issues: list[dict[str, Any]]) -> list[str]:
    """The pieces of news that the comments tell, whatever number of them."""
    return [
        f"{issue['key']}: {said}"
        for issue in issues
        for said in [
            "opened",
            *(news for comment in issue["comments"] for news in pieces_of_news(text_of(comment["body"]))),
        ]
    ]


def notes(vendors: Vendors) -> list[str]:
    return [
        said
        for record in vendors.records
        for said in ["opened", *(news for note in record["notes"] for news in pieces_of_news(note))]
    ]


TICKET_COURSE = (
    ["opened"],
    ["opened", "Cause found"],
    ["opened", "Cause found", "Resolved"],
    ["opened", "Cause found", "Resolved", "Reopened"],
)
ISSUE_COURSE = [[f"OPS-1: {said}" for said in step] for step in TICKET_COURSE]

CASES = {
    "jira": Case(
        can_be_asked=True,
        open=lambda vendors: configured(vendors)["jira"],
        path=lambda _: "/jira/rest/api/3/issue",
        update_path=lambda _: "POST /jira/rest/api/3/issue/OPS-1/comment",
        made=lambda vendors: len(vendors.issues),
        shows=lambda vendors: comments(vendors.issues),
        course=ISSUE_COURSE,
        secrets=lambda vendors: [vendors.credentials.jira_token],
    ),
    "jira data center": Case(
        can_be_asked=True,
        open=lambda vendors: in_data_center(vendors)["jira"],
        path=lambda _: "/jira-data-center/rest/api/2/issue",
        update_path=lambda _: "POST /jira-data-center/rest/api/2/issue/OPS-1/comment",
        made=lambda vendors: len(vendors.data_center_issues),
        shows=lambda vendors: comments(vendors.data_center_issues),
        course=ISSUE_COURSE,
        secrets=lambda vendors: [vendors.credentials.jira_personal_token],
    ),
    "servicenow": Case(
        can_be_asked=True,
        open=lambda vendors: configured(vendors)["servicenow"],
        path=lambda _: "POST /servicenow/api/now/table/incident",
        update_path=lambda vendors: f"PATCH /servicenow/api/now/table/incident/{vendors.records[0]['sys_id']}",
        made=lambda vendors: len(vendors.records),
        shows=notes,
        course=TICKET_COURSE,
        secrets=lambda vendors: [vendors.credentials.servicenow_password],
    ),
    "slack webhook": Case(
        open=lambda vendors: configured(vendors)["slack"],
        path=lambda vendors: f"/slack/services/{vendors.credentials.slack_webhook_path}",
        made=lambda vendors: len(vendors.messages),
        shows=conversation,
        course=(["[high]"], ["[high]"], ["[high]", "Resolved"], ["[high]", "Resolved"]),
        secrets=lambda vendors: [vendors.credentials.slack_webhook_path, "slackdemosecret"],
    ),
    "slack bot": Case(
        can_be_asked=True,
        open=lambda vendors: configured(vendors, by_bot=True)["slack"],
        path=lambda _: "/slack/api/chat.postMessage",
        made=lambda vendors: len(vendors.messages),
        shows=conversation,
        course=(
            ["[high]", "- Details"],
            ["[high]", "- Details", "- Cause"],
            ["Resolved", "- Details", "- Cause", "- Resolved"],
            ["Open again", "- Details", "- Cause", "- Resolved", "- Open again"],
        ),
        secrets=lambda vendors: [vendors.credentials.slack_token],
    ),
    "pagerduty": Case(
        open=lambda vendors: configured(vendors)["pagerduty"],
        path=lambda _: "/pagerduty/v2/enqueue",
        made=lambda vendors: len(vendors.alerts),
        shows=events,
        course=(
            ["alert 1: trigger"],
            ["alert 1: trigger", "alert 1: trigger"],
            ["alert 1: trigger", "alert 1: trigger", "alert 1: resolve"],
            ["alert 1: trigger", "alert 1: trigger", "alert 1: resolve", "alert 2: trigger"],
        ),
        secrets=lambda vendors: [
            vendors.credentials.pagerduty_routing_key, vendors.credentials.pagerduty_payments_key,
        ],
    ),
    "email": Case(
        can_be_asked=True,
        open=lambda vendors: configured(vendors)["email"],
        path=lambda _: "/mail",
        made=lambda vendors: len(vendors.mails),
        shows=threads,
        course=(
            ["thread 1: opened"],
            ["thread 1: opened", "thread 1: Cause found"],
            ["thread 1: opened", "thread 1: Cause found", "thread 1: Resolved"],
            ["thread 1: opened", "thread 1: Cause found", "thread 1: Resolved", "thread 1: Reopened"],
        ),
        secrets=lambda vendors: [vendors.credentials.smtp_password],
        answers=SMTP_ANSWERS,
        in_doubt=(),
        waits=False,
        knows_its_answers=False,
    ),
    "apprise": Case(
        open=lambda vendors: configured(vendors)["teams"],
        path=lambda vendors: f"/push/{vendors.credentials.apprise_token}",
        made=lambda vendors: len(vendors.pushes),
        shows=lambda vendors: [f"{push['type']}: {push['title'].partition(']')[0]}]" for push in vendors.pushes],
        course=(
            ["failure: [high]"],
            ["failure: [high]"],
            ["failure: [high]", "success: [resolved]"],
            ["failure: [high]", "success: [resolved]", "failure: [high]"],
        ),
        secrets=lambda vendors: [vendors.credentials.apprise_token],
        says="error={status}. (no_service)",
        waits=False,
        knows_its_answers=False,
    ),
}  # fmt: skip
