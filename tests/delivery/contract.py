"""The destinations that the contract is tested with: a new one is added here, and gets all of its tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.standins.server import Vendors
from worker.delivery.configured import destinations
from worker.ports import Destination


@dataclass(frozen=True)
class Case:
    """`path` is where the vendor makes the thing (with the method where others share it); `made` counts what it has."""

    open: Callable[[Vendors], Destination]
    path: Callable[[Vendors], str]
    made: Callable[[Vendors], int]
    secrets: Callable[[Vendors], list[str]]


CASES = {
    "jira": Case(
        open=lambda vendors: destinations(vendors.settings())["jira"],
        path=lambda _: "/jira/rest/api/3/issue",
        made=lambda vendors: len(vendors.issues),
        secrets=lambda vendors: [vendors.credentials.jira_token],
    ),
    "jira data center": Case(
        open=lambda vendors: destinations(vendors.data_center_settings())["jira"],
        path=lambda _: "/jira-data-center/rest/api/2/issue",
        made=lambda vendors: len(vendors.data_center_issues),
        secrets=lambda vendors: [vendors.credentials.jira_personal_token],
    ),
    "servicenow": Case(
        open=lambda vendors: destinations(vendors.settings())["servicenow"],
        path=lambda _: "POST /servicenow/api/now/table/incident",
        made=lambda vendors: len(vendors.records),
        secrets=lambda vendors: [vendors.credentials.servicenow_password],
    ),
    "slack webhook": Case(
        open=lambda vendors: destinations(vendors.settings())["slack"],
        path=lambda vendors: f"/slack/services/{vendors.credentials.slack_webhook_path}",
        made=lambda vendors: len(vendors.messages),
        secrets=lambda vendors: [vendors.credentials.slack_webhook_path, "slackdemosecret"],
    ),
    "slack bot": Case(
        open=lambda vendors: destinations(vendors.bot_settings())["slack"],
        path=lambda _: "/slack/api/chat.postMessage",
        made=lambda vendors: len(vendors.messages),
        secrets=lambda vendors: [vendors.credentials.slack_token],
    ),
}
