"""Calling a vendor: one client with timeouts, and every failure as a DeliveryError that holds no secret."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from worker.domain.text import one_line
from worker.errors import DeliveryError
from worker.settings import is_loopback

TIMEOUT = httpx.Timeout(connect=3.0, write=5.0, read=8.0, pool=3.0)
LONGEST_WAIT_SECONDS = 3600.0
LONGEST_SENTENCE = 300
# Nothing has reached the vendor when one of these is raised.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOT_SENDABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
REQUEST_TIMEOUT = 408
TOO_MANY_REQUESTS = 429


class Vendor:
    """One vendor's HTTP interface. Safe to share between threads; connects when it is first called.

    `secrets` are taken out of everything that is said about a call.
    """

    def __init__(
        self,
        destination: str,
        url: str,
        *,
        secrets: Sequence[str],
        auth: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.destination = destination
        self._host = urlsplit(url).hostname or ""
        self._secrets = [secret for secret in secrets if secret]
        self._client = httpx.Client(
            auth=auth,
            headers={"accept": "application/json", **(headers or {})},
            timeout=TIMEOUT,
            # A kept connection that the vendor has closed meanwhile looks like a request whose answer was lost.
            limits=httpx.Limits(max_keepalive_connections=0),
            # A proxy of the environment is for the world outside; it could not reach this machine's own services.
            trust_env=not is_loopback(self._host),
        )

    def post(self, url: str, body: dict[str, Any], *, doing: str) -> httpx.Response:
        """The vendor's answer, whatever its status. `doing` begins the reason of a failure.

        Raises Unanswered when the vendor may have done what was asked, and DeliveryError when it has not.
        """
        try:
            return self._client.post(url, json=body)
        except NOT_SENT:
            raise self.failure(f"{doing}: {self._host} cannot be reached", retryable=True) from None
        except NOT_SENDABLE as error:
            reason = f"{doing}: the address or the credentials cannot be sent ({type(error).__name__})"
            raise self.failure(reason, retryable=False) from None
        except httpx.RequestError as error:
            raise Unanswered(
                f"{doing}: {self._host} did not answer ({type(error).__name__})",
                destination=self.destination,
                retryable=True,
            ) from None

    def refusal(self, response: httpx.Response, sentence: str, *, doing: str) -> DeliveryError:
        """What an answer that is no success means; `sentence` is the vendor's own explanation."""
        return self.failure(
            f"{doing}: {self._host} answered {response.status_code}: {sentence or 'without an explanation'}",
            retryable=response.is_server_error or response.status_code in (REQUEST_TIMEOUT, TOO_MANY_REQUESTS),
            retry_after_seconds=retry_after_seconds(response),
        )

    def failure(self, reason: str, *, retryable: bool, retry_after_seconds: float | None = None) -> DeliveryError:
        return DeliveryError(
            self._without_secrets(reason),
            destination=self.destination,
            retryable=retryable,
            retry_after_seconds=retry_after_seconds,
        )

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        text = one_line(text)
        return text if len(text) <= LONGEST_SENTENCE else text[: LONGEST_SENTENCE - 1] + "…"


class Unanswered(DeliveryError):
    """The request was on its way when the connection broke: the vendor may or may not have carried it out."""


def retry_after_seconds(response: httpx.Response) -> float | None:
    """Of the Retry-After header, which holds seconds or a date
    (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after); never more than LONGEST_WAIT_SECONDS."""
    header = response.headers.get("retry-after", "").strip()
    if header.isdecimal():
        return min(float(header), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; empty where it is anything else, as in the error pages of proxies."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
