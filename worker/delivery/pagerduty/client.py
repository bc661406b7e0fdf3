"""PagerDuty's Events API, version 2: one address that takes events, told apart by the key they carry.

https://developer.pagerduty.com/docs/events-api-v2-overview
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from worker.delivery.http import DIRECT, Network, Vendor, json_object

ACCEPTED = 202
DOING = "sending the event"


class PagerDuty:
    """`routing_keys` are the secrets of all services that may be called. Raises DeliveryError."""

    def __init__(self, url: str, *, routing_keys: list[str], network: Network = DIRECT) -> None:
        self._url = url
        self._vendor = Vendor("pagerduty", url, secrets=routing_keys, network=network)

    def send(self, routing_key: str, event: dict[str, Any]) -> None:
        response = self._vendor.post(self._url, {"routing_key": routing_key, **event}, doing=DOING)
        if response.status_code == ACCEPTED and json_object(response).get("status") == "success":
            return
        if response.is_success:
            reason = f"{DOING}: the answer is not PagerDuty's: {_sentence(response)}"
            raise self._vendor.failure(reason, retryable=False)
        raise self._vendor.refusal(response, _sentence(response), doing=DOING)


def _sentence(response: httpx.Response) -> str:
    """PagerDuty says what is wrong in `message`, and with what in `errors`; a proxy's page says nothing about it."""
    body = json_object(response)
    errors = body.get("errors")
    said = [body.get("message"), *(errors if isinstance(errors, list) else [])]
    sentences = [str(sentence) for sentence in said if sentence]
    if sentences:
        return ": ".join([sentences[0], " ".join(sentences[1:])]) if sentences[1:] else sentences[0]
    if "html" in response.headers.get("content-type", ""):
        return ""
    return json.dumps(body) if body else response.text
