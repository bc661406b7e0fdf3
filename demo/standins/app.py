"""Jira and Slack in one process, and a page that shows what they received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.types import ASGIApp

from demo.standins import adf, jira, slack
from demo.standins.faults import Fault, FaultyVendors

TEMPLATES = Path(__file__).parent / "templates"
# Jira's own is "a few seconds" (https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/).
SEARCH_LAG_SECONDS = 1.0
# Whatever a message holds, the page runs nothing and fetches nothing.
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True)
class Credentials:
    """What the stand-ins let in. They are no secrets: nothing but this machine can reach what they protect."""

    jira_user: str = "spiketrace@shop.example"
    jira_token: str = "jira-demo-token"  # noqa: S105
    jira_project: str = "OPS"
    slack_webhook_path: str = "T0DEMO/B0DEMO/slackdemosecret"
    slack_token: str = "xoxb-slack-demo-token"  # noqa: S105
    slack_channel: str = "C0INCIDENTS"
    slack_signing_secret: str = "slack-demo-signing-secret"  # noqa: S105


def environment(credentials: Credentials, url: str) -> dict[str, str]:
    """The settings that make SpikeTrace deliver to the stand-ins at `url`."""
    return {
        "SPIKETRACE_JIRA_URL": f"{url}/jira",
        "SPIKETRACE_JIRA_USER": credentials.jira_user,
        "SPIKETRACE_JIRA_TOKEN": credentials.jira_token,
        "SPIKETRACE_JIRA_PROJECT": credentials.jira_project,
        "SPIKETRACE_SLACK_WEBHOOK_URL": f"{url}/slack/services/{credentials.slack_webhook_path}",
    }


def create_app(credentials: Credentials, *, url: str, search_lag_seconds: float = SEARCH_LAG_SECONDS) -> ASGIApp:
    faults: list[Fault] = []
    issues = jira.Jira(url=f"{url}/jira", project=credentials.jira_project, search_lag_seconds=search_lag_seconds)
    channel = slack.Slack(channel=credentials.slack_channel)
    app = FastAPI(title="Stand-ins for Jira and Slack", openapi_url=None)
    app.add_exception_handler(jira.Refused, jira.answer_refused)
    app.include_router(jira.router(issues, user=credentials.jira_user, token=credentials.jira_token), prefix="/jira")
    app.include_router(
        slack.router(channel, webhook_path=credentials.slack_webhook_path, token=credentials.slack_token),
        prefix="/slack",
    )
    _add_our_own_routes(app, issues, channel, faults)
    return FaultyVendors(app, faults)


def _add_our_own_routes(app: FastAPI, issues: jira.Jira, channel: slack.Slack, faults: list[Fault]) -> None:
    @app.get("/received")
    async def received() -> dict[str, Any]:
        return {
            "jira": {"issues": [issue.model_dump() for issue in issues.issues.values()]},
            "slack": {"messages": [message.model_dump() for message in channel.messages]},
        }

    @app.delete("/received", status_code=204)
    async def forget() -> None:
        issues.issues.clear()
        channel.forget()
        faults.clear()

    @app.put("/slack/rights", status_code=204)
    async def change_rights(rights: slack.Rights) -> None:
        channel.scopes, channel.a_second = set(rights.scopes), rights.a_second

    @app.post("/faults", status_code=204)
    async def add_fault(fault: Fault) -> None:
        faults.append(fault)

    page = _templates().get_template("received.html")

    @app.get("/")
    async def show() -> HTMLResponse:
        shown = page.render(issues=list(issues.issues.values())[::-1], messages=channel.messages[::-1])
        return HTMLResponse(shown, headers=PAGE_HEADERS)


def _templates() -> Environment:
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    templates.filters["adf"] = adf.to_html
    templates.filters["mrkdwn"] = slack.to_html
    templates.filters["texts"] = slack.texts_of
    templates.filters["clock"] = _clock
    return templates


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S} UTC"
