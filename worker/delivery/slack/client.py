"""Slack's two ways in: an incoming webhook, and chat.postMessage with a bot's token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from worker.delivery.http import Unanswered, Vendor, json_object, retry_after_seconds
from worker.errors import DeliveryError

DOING = "posting the message"
# Errors by which chat.postMessage says that another attempt may succeed
# (https://docs.slack.dev/reference/methods/chat.postMessage#errors).
RETRYABLE_ERRORS = frozenset(
    {"fatal_error", "internal_error", "rate_limited", "ratelimited", "request_timeout", "service_unavailable"}
)


@dataclass(frozen=True)
class Posted:
    """`channel` and `ts` together name a message; a webhook gives neither."""

    channel: str | None = None
    ts: str | None = None


class SlackWebhook:
    """Raises DeliveryError."""

    def __init__(self, url: str) -> None:
        self._url = url
        # The path is the secret: whoever has it can write into the channel.
        path = urlsplit(url).path.strip("/")
        self._vendor = Vendor("slack", url, secrets=[path, path.rpartition("/")[2]])

    def post(self, message: dict[str, Any]) -> Posted:
        response = _posted_once(self._vendor, self._url, message)
        # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
        if response.is_success and response.text.strip() == "ok":
            return Posted()
        if response.is_success:
            raise self._vendor.failure(f"{DOING}: the answer is not Slack's: {response.text}", retryable=False)
        raise self._vendor.refusal(response, _plain_text(response), doing=DOING)


class SlackBot:
    """Raises DeliveryError."""

    def __init__(self, api_url: str, *, token: str, channel: str) -> None:
        self._channel = channel
        self._url = f"{api_url}/chat.postMessage"
        self._vendor = Vendor("slack", api_url, headers={"authorization": f"Bearer {token}"}, secrets=[token])

    def post(self, message: dict[str, Any]) -> Posted:
        response = _posted_once(self._vendor, self._url, {"channel": self._channel, **message})
        if not response.is_success:
            raise self._vendor.refusal(response, _plain_text(response), doing=DOING)
        body = json_object(response)
        if body.get("ok") is not True:
            raise self._failure(body, response)
        return Posted(channel=str(body["channel"]), ts=str(body["ts"]))

    def _failure(self, body: dict[str, Any], response: httpx.Response) -> DeliveryError:
        """Slack answers 200 to what it refuses, and names the error."""
        error = str(body.get("error") or "the answer is not Slack's")
        return self._vendor.failure(
            f"{DOING}: Slack says {error} {_details(body)}",
            retryable=error in RETRYABLE_ERRORS,
            retry_after_seconds=retry_after_seconds(response),
        )


def _details(body: dict[str, Any]) -> str:
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return " ".join(str(message) for message in messages) if isinstance(messages, list) else ""


def _posted_once(vendor: Vendor, url: str, message: dict[str, Any]) -> httpx.Response:
    try:
        return vendor.post(url, message, doing=DOING)
    except Unanswered as error:
        # Slack knows no key by which it would recognise a repetition.
        raise vendor.failure(
            f"{error.reason}; the message may be in the channel, so it is not sent again by itself", retryable=False
        ) from None


def _plain_text(response: httpx.Response) -> str:
    """Errors come as one word in plain text, such as `no_service`; a proxy's page says nothing about Slack."""
    return "" if "html" in response.headers.get("content-type", "") else response.text
