"""The vendors in one process, and a page that shows what they received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.types import ASGIApp

from demo.standins import jira, page, pagerduty, push, servicenow, slack
from demo.standins.faults import Fault, FaultyVendors
from demo.standins.jira import Jira
from demo.standins.mail import Mailbox

# Jira's own is "a few seconds" (https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/).
SEARCH_LAG_SECONDS = 1.0


@dataclass(frozen=True)
class Credentials:
    """What the stand-ins let in. They are no secrets: nothing but this machine can reach what they protect."""

    jira_user: str = "spiketrace@shop.example"
    jira_token: str = "jira-demo-token"  # noqa: S105
    jira_project: str = "OPS"
    jira_personal_token: str = "jira-demo-personal-token"  # noqa: S105
    slack_webhook_path: str = "T0DEMO/B0DEMO/slackdemosecret"
    slack_token: str = "xoxb-slack-demo-token"  # noqa: S105
    slack_channel: str = "C0INCIDENTS"
    servicenow_user: str = "spiketrace"
    servicenow_password: str = "servicenow-demo-password"  # noqa: S105
    servicenow_token: str = "servicenow-demo-token"  # noqa: S105
    pagerduty_routing_key: str = "0123456789abcdefdemo0000platform"
    pagerduty_payments_key: str = "0123456789abcdefdemo0000payments"
    smtp_user: str = "spiketrace"
    smtp_password: str = "smtp-demo-password"  # noqa: S105
    apprise_token: str = "apprisedemosecret"  # noqa: S105
    slack_signing_secret: str = "slack-demo-signing-secret"  # noqa: S105


def environment(credentials: Credentials, url: str, mail_url: str = "") -> dict[str, str]:
    """The settings that make SpikeTrace deliver to the stand-ins at `url`, and mail to `mail_url` if there is one."""
    return {
        "SPIKETRACE_JIRA_URL": f"{url}/jira",
        "SPIKETRACE_JIRA_USER": credentials.jira_user,
        "SPIKETRACE_JIRA_TOKEN": credentials.jira_token,
        "SPIKETRACE_JIRA_PROJECT": credentials.jira_project,
        "SPIKETRACE_SLACK_WEBHOOK_URL": f"{url}/slack/services/{credentials.slack_webhook_path}",
        "SPIKETRACE_SLACK_API_URL": f"{url}/slack/api",
        "SPIKETRACE_SLACK_TOKEN": credentials.slack_token,
        "SPIKETRACE_SLACK_CHANNEL": credentials.slack_channel,
        "SPIKETRACE_SLACK_SIGNING_SECRET": credentials.slack_signing_secret,
        "SPIKETRACE_SERVICENOW_URL": f"{url}/servicenow",
        "SPIKETRACE_SERVICENOW_USER": credentials.servicenow_user,
        "SPIKETRACE_SERVICENOW_PASSWORD": credentials.servicenow_password,
        "SPIKETRACE_PAGERDUTY_URL": f"{url}/pagerduty/v2/enqueue",
        "SPIKETRACE_PAGERDUTY_ROUTING_KEY": credentials.pagerduty_routing_key,
        "SPIKETRACE_PAGERDUTY_ROUTING_KEYS": f"payments={credentials.pagerduty_payments_key}",
        "SPIKETRACE_APPRISE_URLS": f"teams={url.replace('http://', 'json://')}/push/{credentials.apprise_token}",
        **(_mail(credentials, mail_url) if mail_url else {}),
    }


def _mail(credentials: Credentials, mail_url: str) -> dict[str, str]:
    return {
        "SPIKETRACE_SMTP_URL": mail_url,
        "SPIKETRACE_SMTP_USER": credentials.smtp_user,
        "SPIKETRACE_SMTP_PASSWORD": credentials.smtp_password,
        "SPIKETRACE_EMAIL_FROM": "SpikeTrace <spiketrace@shop.example>",
        "SPIKETRACE_EMAIL_TO": "sre@shop.example",
    }


@dataclass(frozen=True)
class StandIns:
    """All that is received. `data_center` is a second Jira; `faults` are what is to fail next."""

    jira: Jira
    data_center: Jira
    servicenow: servicenow.ServiceNow
    slack: slack.Slack
    pagerduty: pagerduty.PagerDuty
    mailbox: Mailbox
    pushes: push.Pushes
    faults: list[Fault]

    def received(self) -> dict[str, Any]:
        return {
            "jira": {"issues": [issue.model_dump() for issue in self.jira.issues.values()]},
            "jira_data_center": {"issues": [issue.model_dump() for issue in self.data_center.issues.values()]},
            "servicenow": {"records": [record.model_dump() for record in self.servicenow.records]},
            "slack": {"messages": [message.model_dump() for message in self.slack.messages]},
            "pagerduty": {"alerts": [alert.model_dump() for alert in self.pagerduty.alerts]},
            "email": {"mails": [mail.model_dump() for mail in self.mailbox.mails]},
            "apprise": {"pushes": [sent.model_dump() for sent in self.pushes.pushes]},
        }

    def forget(self) -> None:
        self.jira.forget()
        self.data_center.forget()
        self.servicenow.records.clear()
        self.slack.forget()
        for received in (self.pagerduty.alerts, self.mailbox.mails, self.pushes.pushes):
            received.clear()
        self.faults.clear()


def stand_ins(
    credentials: Credentials,
    *,
    url: str,
    search_lag_seconds: float = SEARCH_LAG_SECONDS,
    jira_burst: int | None = None,
) -> StandIns:
    """`url` is where they will be reached. `jira_burst` is how many calls Jira takes in ten seconds."""
    faults: list[Fault] = []
    services = {credentials.pagerduty_routing_key: "Platform", credentials.pagerduty_payments_key: "Payments"}
    return StandIns(
        jira=Jira(
            url=f"{url}/jira",
            project=credentials.jira_project,
            search_lag_seconds=search_lag_seconds,
            burst=jira_burst,
        ),
        data_center=Jira(
            url=f"{url}/jira-data-center",
            project=credentials.jira_project,
            search_lag_seconds=search_lag_seconds,
            version="2",
        ),
        servicenow=servicenow.ServiceNow(),
        slack=slack.Slack(channel=credentials.slack_channel),
        pagerduty=pagerduty.PagerDuty(services=services),
        mailbox=Mailbox(faults, user=credentials.smtp_user, password=credentials.smtp_password),
        pushes=push.Pushes(),
        faults=faults,
    )


def create_app(credentials: Credentials, made: StandIns) -> ASGIApp:
    """All of them but the mail server, which speaks no HTTP: `demo.standins.mail`."""
    app = FastAPI(title="Stand-ins for the vendors", openapi_url=None)
    app.add_exception_handler(jira.Refused, jira.answer_refused)
    app.include_router(jira.router(made.jira, user=credentials.jira_user, token=credentials.jira_token), prefix="/jira")
    app.include_router(jira.router(made.data_center, token=credentials.jira_personal_token), prefix="/jira-data-center")
    app.add_exception_handler(servicenow.Failed, servicenow.answer_failed)
    app.include_router(
        servicenow.router(
            made.servicenow,
            user=credentials.servicenow_user,
            password=credentials.servicenow_password,
            token=credentials.servicenow_token,
        ),
        prefix="/servicenow",
    )
    app.include_router(
        slack.router(made.slack, webhook_path=credentials.slack_webhook_path, token=credentials.slack_token),
        prefix="/slack",
    )
    app.include_router(pagerduty.router(made.pagerduty), prefix="/pagerduty")
    app.include_router(push.router(made.pushes, token=credentials.apprise_token), prefix="/push")
    _add_our_own_routes(app, made)
    return FaultyVendors(app, made.faults)


def _add_our_own_routes(app: FastAPI, made: StandIns) -> None:
    @app.get("/received")
    async def received() -> dict[str, Any]:
        return made.received()

    @app.delete("/received", status_code=204)
    async def forget() -> None:
        made.forget()

    @app.put("/slack/rights", status_code=204)
    async def change_rights(rights: slack.Rights) -> None:
        made.slack.scopes, made.slack.a_second = set(rights.scopes), rights.a_second

    @app.post("/faults", status_code=204)
    async def add_fault(fault: Fault) -> None:
        made.faults.append(fault)

    @app.put("/workflow/{name}", status_code=204)
    async def choose_workflow(name: jira.WorkflowName) -> None:
        made.jira.workflow = made.data_center.workflow = name

    @app.get("/")
    async def show() -> HTMLResponse:
        return HTMLResponse(page.render(made), headers=page.HEADERS)
