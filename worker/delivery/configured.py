"""The destinations there are: a new one is a folder beside these, and a line here."""

from __future__ import annotations

from worker.delivery.apprise.destination import apprise_destinations
from worker.delivery.email.destination import email_destination
from worker.delivery.jira.destination import jira_destination
from worker.delivery.pagerduty.destination import pagerduty_destination
from worker.delivery.servicenow.destination import servicenow_destination
from worker.delivery.slack.destination import slack_destination
from worker.ports import Destination
from worker.routing import GROUPS
from worker.settings import Settings

# What one of these was to be told does not stay pending for ever when it is not configured any more.
SHIPPED = ("slack", "jira", "pagerduty", "servicenow", "email")


def destinations(settings: Settings) -> dict[str, Destination]:
    """Those that are configured, by name. Raises ConfigurationError where one is configured in part."""
    configured: list[Destination | None] = [
        slack_destination(settings),
        jira_destination(settings),
        pagerduty_destination(settings),
        servicenow_destination(settings),
        email_destination(settings),
        *apprise_destinations(settings, taken=(*SHIPPED, *GROUPS)),
    ]
    return {destination.name: destination for destination in configured if destination}
