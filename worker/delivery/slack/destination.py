"""Slack as a destination: one message an incident."""

from __future__ import annotations

from typing import Protocol

from worker.delivery.slack.client import Posted, SlackBot, SlackWebhook
from worker.delivery.slack.payload import opened_message
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError
from worker.ports import DeliveryReceipt
from worker.settings import Settings


class SlackClient(Protocol):
    def post(self, message: dict[str, object]) -> Posted: ...


class SlackDestination:
    """Fulfils `worker.ports.Destination`."""

    name = "slack"
    # A webhook answers no questions, and reading a channel takes rights that a bot seldom has.
    finds_what_it_made = False
    hears: frozenset[str] = frozenset()

    def __init__(self, client: SlackClient, *, public_url: str) -> None:
        self._client = client
        self._public_url = public_url

    def open(self, notice: Notice) -> DeliveryReceipt:
        posted = self._client.post(opened_message(notice.incident, notice.report, public_url=self._public_url))
        return DeliveryReceipt(vendor_id=f"{posted.channel}/{posted.ts}" if posted.ts else None)

    def update(self, notice: Notice, made: Delivery) -> None:
        """Nothing yet."""


def slack_destination(settings: Settings) -> SlackDestination | None:
    """None where Slack is not configured. Raises ConfigurationError where it is, in half.

    The token goes before the webhook: it can do more.
    """
    if settings.slack_token:
        if not settings.slack_channel:
            raise ConfigurationError("SPIKETRACE_SLACK_TOKEN needs SPIKETRACE_SLACK_CHANNEL: where to post")
        bot = SlackBot(
            settings.slack_api_url, token=settings.slack_token.get_secret_value(), channel=settings.slack_channel
        )
        return SlackDestination(bot, public_url=settings.public_url)
    if settings.slack_webhook_url:
        webhook = SlackWebhook(settings.slack_webhook_url.get_secret_value())
        return SlackDestination(webhook, public_url=settings.public_url)
    return None
