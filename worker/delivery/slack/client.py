"""Slack's two ways in: an incoming webhook, and the methods of its web interface with a bot's token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from worker.delivery.http import DIRECT, Network, Unanswered, Vendor, json_object, retry_after_seconds
from worker.errors import DeliveryError

Json = dict[str, Any]

POSTING = "posting the message"
EDITING = "editing the message"
READING = "reading the channel"
# Errors by which a method says that another attempt may succeed
# (https://docs.slack.dev/reference/methods/chat.postMessage#errors). Of the first two Slack says that some of it may
# have been done all the same.
AMBIGUOUS_ERRORS = frozenset({"fatal_error", "internal_error"})
RETRYABLE_ERRORS = AMBIGUOUS_ERRORS | {"rate_limited", "ratelimited", "request_timeout", "service_unavailable"}
# Errors of the reading methods that say: not with this token, or not this channel
# (https://docs.slack.dev/reference/methods/conversations.history#errors).
UNREADABLE = frozenset(
    {
        "access_denied",
        "channel_not_found",
        "method_not_supported_for_channel_type",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_in_channel",
        "team_access_not_granted",
        "thread_not_found",
        "unknown_method",
    }
)
# A workspace may forbid editing after a while.
NO_MORE_EDITS = "edit_window_closed"
NOT_FOUND = 404
# A request whose answer was lost may still be on its way.
UNANSWERED_PAUSE_SECONDS = 15.0
PAGE_SIZE = 200
MOST_PAGES = 5
EVENT_TYPE = "spiketrace_incident"


@dataclass(frozen=True)
class Posted:
    """`channel` (its id) and `ts` together name a message; a webhook gives neither."""

    channel: str
    ts: str


class Unreadable(DeliveryError):
    """What is in a channel cannot be read, so nobody knows what an attempt that broke off has posted."""


class SlackWebhook:
    """Raises DeliveryError."""

    def __init__(self, url: str, *, network: Network = DIRECT) -> None:
        self._url = url
        # The path is the secret: whoever has it can write into the channel.
        path = urlsplit(url).path.strip("/")
        self._vendor = Vendor("slack", url, secrets=[url, path, path.rpartition("/")[2]], network=network)

    def post(self, message: Json) -> None:
        """Once: Slack knows no key by which it would recognise a repetition, and a webhook answers no questions."""
        try:
            self._post(message)
        except DeliveryError as error:
            if not error.is_ambiguous:
                raise
            raise self._vendor.failure(
                f"{error.reason}; the message may be in the channel, so it is not sent again by itself",
                retryable=False,
                is_ambiguous=True,
            ) from None

    def _post(self, message: Json) -> None:
        response = self._vendor.post(self._url, message, doing=POSTING)
        # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
        if not response.is_success:
            raise self._vendor.refusal(response, _plain_text(response), doing=POSTING)
        if response.text.strip() != "ok":
            raise self._vendor.failure(f"{POSTING}: the answer is not Slack's: {response.text}", retryable=False)


class SlackBot:
    """Raises DeliveryError. https://docs.slack.dev/apis/web-api/"""

    def __init__(self, api_url: str, *, token: str, network: Network = DIRECT) -> None:
        self._url = api_url
        headers = {"authorization": f"Bearer {token}"}
        self._vendor = Vendor("slack", api_url, headers=headers, secrets=[token], network=network)

    def post(self, channel: str, message: Json) -> Posted:
        """A new message, or with `thread_ts` in it a reply."""
        body = self._call("chat.postMessage", POSTING, json={"channel": channel, **message})
        posted_in, ts = body.get("channel"), body.get("ts")
        if not (isinstance(posted_in, str) and isinstance(ts, str)):
            raise self._vendor.failure(f"{POSTING}: the answer names no message", retryable=False, is_ambiguous=True)
        return Posted(posted_in, ts)

    def edit(self, posted: Posted, message: Json) -> None:
        """Show `message` in its place; nothing where the workspace lets nobody edit it any more."""
        try:
            self._call("chat.update", EDITING, json={"channel": posted.channel, "ts": posted.ts, **message})
        except _Said as error:
            if error.error != NO_MORE_EDITS:
                raise

    def find(self, channel: str, incident_id: str, *, since: datetime) -> Posted | None:
        """The message that stands for the incident, posted since then. Raises Unreadable."""
        query = {"channel": channel, "oldest": f"{since.timestamp():.6f}"}
        for message in self._messages("conversations.history", query):
            if payload_of(message, incident_id) is not None and isinstance(message.get("ts"), str):
                return Posted(channel, message["ts"])
        return None

    def replies(self, posted: Posted, incident_id: str) -> list[Json]:
        """What our replies in its thread were marked with. Raises Unreadable."""
        query = {"channel": posted.channel, "ts": posted.ts}
        found = self._messages("conversations.replies", query)
        marked = (payload_of(message, incident_id) for message in found if message.get("ts") != posted.ts)
        return [payload for payload in marked if payload is not None]

    def _messages(self, method: str, query: Mapping[str, str]) -> Iterator[Json]:
        """Page by page. Raises Unreadable where there is more than is worth reading."""
        params: dict[str, str | int] = {**query, "limit": PAGE_SIZE, "include_all_metadata": "true"}
        for _ in range(MOST_PAGES):
            body = self._read(method, params)
            messages = body.get("messages")
            yield from (message for message in messages or [] if isinstance(message, dict))
            cursor = (body.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            params["cursor"] = str(cursor)
        raise self._unreadable(f"there are more than {MOST_PAGES * PAGE_SIZE} messages since then")

    def _read(self, method: str, params: Mapping[str, str | int]) -> Json:
        try:
            return self._call(method, READING, verb="GET", params=params)
        except _Said as error:
            if error.error not in UNREADABLE:
                raise
            raise self._unreadable(_advice(error)) from None
        except _NoSuchMethod as error:
            raise self._unreadable(error.reason) from None

    def _unreadable(self, why: str) -> Unreadable:
        said = self._vendor.failure(f"{READING}: {why}", retryable=False)
        return Unreadable(said.reason, destination="slack", retryable=False)

    def _call(self, method: str, doing: str, *, verb: str = "POST", **sent: Any) -> Json:
        response = self._answer(verb, f"{self._url}/{method}", doing, sent)
        if not response.is_success:
            refusal = self._vendor.refusal(response, _plain_text(response), doing=doing)
            raise _NoSuchMethod.like(refusal) if response.status_code == NOT_FOUND else refusal
        body = json_object(response)
        if body.get("ok") is not True:
            raise self._said(body, response, doing)
        return body

    def _answer(self, verb: str, url: str, doing: str, sent: Mapping[str, Any]) -> httpx.Response:
        try:
            return self._vendor.call(verb, url, doing=doing, **sent)
        except Unanswered as error:
            error.retry_after_seconds = UNANSWERED_PAUSE_SECONDS
            raise

    def _said(self, body: Json, response: httpx.Response, doing: str) -> DeliveryError:
        """Slack answers 200 to what it refuses, and names the error."""
        error = str(body.get("error") or "")
        said = f"Slack says {error} {_details(body)}" if error else "the answer is not Slack's"
        failure = self._vendor.failure(
            f"{doing}: {said}",
            retryable=error in RETRYABLE_ERRORS,
            retry_after_seconds=retry_after_seconds(response),
            is_ambiguous=error in AMBIGUOUS_ERRORS,
        )
        return _Said.of(failure, error, str(body.get("needed") or ""))


class _Said(DeliveryError):
    """What Slack refused, by the name it has for that, and the scope that it says is needed."""

    error: str
    needed: str

    @classmethod
    def of(cls, failure: DeliveryError, error: str, needed: str) -> _Said:
        said = cls(
            failure.reason,
            destination=failure.destination,
            retryable=failure.retryable,
            retry_after_seconds=failure.retry_after_seconds,
            is_ambiguous=failure.is_ambiguous,
        )
        said.error, said.needed = error[:100], needed[:100]
        return said


class _NoSuchMethod(DeliveryError):
    @classmethod
    def like(cls, refusal: DeliveryError) -> _NoSuchMethod:
        return cls(refusal.reason, destination=refusal.destination, retryable=False)


def payload_of(message: Json, incident_id: str) -> Json | None:
    """What a message of ours about the incident was marked with; None for any other."""
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE or not isinstance(payload, dict):
        return None
    return payload if payload.get("incident_id") == incident_id else None


def _advice(error: _Said) -> str:
    """What to change so that it can be read."""
    if error.error == "missing_scope":
        scope = error.needed or "channels:history (groups:history for a private channel)"
        return f"the bot's token lacks the scope {scope}"
    if error.error == "not_in_channel":
        return "the bot is not in the channel: invite it"
    if error.error == "channel_not_found":
        return "Slack says channel_not_found: give the channel by its id (C…), and invite the bot"
    return f"Slack says {error.error}"


def _details(body: Json) -> str:
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return " ".join(str(message) for message in messages) if isinstance(messages, list) else ""


def _plain_text(response: httpx.Response) -> str:
    """Errors come as one word in plain text, such as `no_service`; a proxy's page says nothing about Slack."""
    return "" if "html" in response.headers.get("content-type", "") else response.text
