"""Slack as a destination: one message an incident, and with a bot's token the course of it in its thread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from worker.delivery.http import Network
from worker.delivery.slack import payload
from worker.delivery.slack.client import Posted, SlackBot, SlackWebhook, Unreadable
from worker.domain.incident import NEWS, Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import DeliveryReceipt, Destination
from worker.settings import Settings

END = "resolved"
NO_INCIDENT = "spiketrace-doctor"
# How many news the first message told.
OPENED_WITH = "opened_with"
# Slack's clock and ours may differ by so much when a channel is read from the incident's opening on.
CLOCKS_DIFFER = timedelta(minutes=5)


class SlackWebhookDestination:
    """Fulfils `worker.ports.Destination`. One message when the incident opens, one when it first ends."""

    name = "slack"
    # A webhook answers no questions.
    finds_what_it_made = False
    hears = frozenset({END})

    def __init__(self, client: SlackWebhook, *, public_url: str) -> None:
        self._client = client
        self._public_url = public_url

    def open(self, notice: Notice) -> DeliveryReceipt:
        self._client.post(payload.opening(notice, self._public_url, is_over=False))
        return DeliveryReceipt(details={OPENED_WITH: str(notice.revision)})

    def update(self, notice: Notice, made: Delivery) -> None:
        """Of an incident that was reopened the second end is not told, nor is one that may have been told already."""
        opened_with = int(made.details.get(OPENED_WITH, "1"))
        since = notice.incident.news[opened_with : made.settled_news]
        if notice.is_over and not any(entry.event == END for entry in since):
            self._client.post(payload.ending(notice, self._public_url))


class SlackBotDestination:
    """Fulfils `worker.ports.Destination`.

    The channel is read before anything is posted: messages carry the incident's id, and replies the number of news
    they tell, as metadata. Where it cannot be read, an attempt that may have posted already is not repeated.
    `is_interactive`: somebody answers when a button is pressed.
    """

    name = "slack"
    finds_what_it_made = True
    hears = NEWS - {"opened"}

    def __init__(self, client: SlackBot, *, channel: str, public_url: str, is_interactive: bool) -> None:
        self._client = client
        self._channel = channel
        self._public_url = public_url
        self._is_interactive = is_interactive

    def open(self, notice: Notice) -> DeliveryReceipt:
        channel = notice.options.get("channel") or self._channel
        message = payload.opening(notice, self._public_url, is_interactive=self._is_interactive)
        posted = self._found(channel, notice)
        if posted:
            self._client.edit(posted, message)
        else:
            posted = self._client.post(channel, message)
        # What there is to say besides follows in the thread, as a step of its own.
        return DeliveryReceipt(vendor_id=f"{posted.channel}/{posted.ts}", unfinished=True)

    def update(self, notice: Notice, made: Delivery) -> DeliveryReceipt | None:
        """The message edited, which may be repeated, and one reply at most."""
        posted = _posted(made)
        if notice.news:
            message = payload.opening(notice, self._public_url, is_interactive=self._is_interactive)
            self._client.edit(posted, message)
        said = self._said(posted, notice)
        news = notice.news[max(0, said.revision - (notice.revision - len(notice.news))) :]
        with_details = made.unfinished and not said.details
        if reply := payload.reply(notice, news, self._public_url, with_details=with_details):
            self._client.post(posted.channel, {**reply, "thread_ts": posted.ts})
        return DeliveryReceipt(vendor_id=made.vendor_id, url=made.url, details=made.details)

    def check(self) -> str:
        """Without the right to read, messages are posted all the same; what broke off is then not repeated."""
        try:
            self._client.find(self._channel, NO_INCIDENT, since=datetime.now(UTC))
        except Unreadable as error:
            return f"answers, but the bot cannot read {self._channel}: {error.reason}"
        return f"answers, and {self._channel} can be read"

    def _found(self, channel: str, notice: Notice) -> Posted | None:
        incident = notice.incident
        try:
            return self._client.find(channel, incident.incident_id, since=incident.history[0].at - CLOCKS_DIFFER)
        except Unreadable as error:
            if notice.is_repeated:
                raise _doubt(error, "the message") from None
            return None

    def _said(self, posted: Posted, notice: Notice) -> payload.Said:
        try:
            return payload.Said.of(self._client.replies(posted, notice.incident.incident_id))
        except Unreadable as error:
            if notice.is_repeated:
                raise _doubt(error, "the reply") from None
            return payload.Said()


def _posted(made: Delivery) -> Posted:
    channel, _, ts = (made.vendor_id or "").partition("/")
    return Posted(channel, ts)


def _doubt(error: Unreadable, what: str) -> DeliveryError:
    reason = f"an attempt broke off and {what} may have been posted, so it is not posted again by itself"
    return DeliveryError(f"{reason}; {error.reason}", destination="slack", retryable=False, is_ambiguous=True)


def slack_destination(settings: Settings) -> Destination | None:
    """None where Slack is not configured. Raises ConfigurationError where it is, in half.

    The token goes before the webhook: it can do more.
    """
    network = Network.of(settings)
    if settings.slack_token:
        if not settings.slack_channel:
            raise ConfigurationError("SPIKETRACE_SLACK_TOKEN needs SPIKETRACE_SLACK_CHANNEL: where to post")
        return SlackBotDestination(
            SlackBot(settings.slack_api_url, token=settings.slack_token.get_secret_value(), network=network),
            channel=settings.slack_channel,
            public_url=settings.public_url,
            is_interactive=settings.slack_signing_secret is not None,
        )
    if settings.slack_webhook_url:
        webhook = SlackWebhook(settings.slack_webhook_url.get_secret_value(), network=network)
        return SlackWebhookDestination(webhook, public_url=settings.public_url)
    return None
