"""The page that shows what the vendors received, each as its vendor would."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from demo.standins import adf, servicenow, slack, wiki

if TYPE_CHECKING:
    from demo.standins.app import StandIns

TEMPLATES = Path(__file__).parent / "templates"
# Whatever a message holds, the page runs nothing and fetches nothing, and so do the mails in it.
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
STATES = {servicenow.NEW: "New", "2": "In Progress", servicenow.RESOLVED: "Resolved", servicenow.CLOSED: "Closed"}


def render(made: StandIns) -> str:
    """The newest first, but the course of each thing as it went."""
    return _TEMPLATES.get_template("received.html").render(
        messages=made.slack.messages[::-1],
        issues=[*made.jira.issues.values(), *made.data_center.issues.values()][::-1],
        alerts=made.pagerduty.alerts[::-1],
        records=made.servicenow.records[::-1],
        mails=made.mailbox.mails[::-1],
        pushes=made.pushes.pushes[::-1],
        states=STATES,
    )


def _rich(text: Any) -> Markup:
    """Of Jira Cloud a document, of Data Center wiki markup."""
    return wiki.to_html(text) if isinstance(text, str) else adf.to_html(text)


def _link(address: str, shown: str) -> Markup:
    return adf.link(address, escape(shown))


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S} UTC"


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "rich": _rich,
        "mrkdwn": slack.to_html,
        "texts": slack.texts_of,
        "clock": _clock,
        "link": _link,
    }
    return templates


_TEMPLATES = _templates()
