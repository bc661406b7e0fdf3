"""Calling a vendor: one client with timeouts, and every failure as a DeliveryError that holds no secret."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

import httpx

from worker.domain.text import one_line
from worker.errors import ConfigurationError, DeliveryError
from worker.settings import Settings, is_loopback

TIMEOUT = httpx.Timeout(connect=3.0, write=5.0, read=8.0, pool=3.0)
LONGEST_WAIT_SECONDS = 3600.0
LONGEST_SENTENCE = 300
# Nothing has reached the vendor when one of these is raised: a proxy's refusal comes before the tunnel is open.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
NOT_SENDABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
REQUEST_TIMEOUT = 408
TOO_MANY_REQUESTS = 429
# Answers of somebody in between, who lost the vendor's own: it may have done what was asked. A vendor that answers 500
# or 503 itself says that it has not.
IN_BETWEEN = frozenset({502, 504})
PROXY_WANTS_CREDENTIALS = "407"


@dataclass(frozen=True)
class Network:
    """The way to every vendor. Without `proxy` the environment's HTTPS_PROXY and NO_PROXY hold.

    `ca_file` names authorities that are trusted beside the public ones (PEM). Neither a proxy of the settings nor one
    of the environment is used for this machine's own services, which it could not reach.
    """

    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        proxy = settings.delivery_proxy.get_secret_value() if settings.delivery_proxy else None
        return cls(proxy, settings.delivery_ca_file)

    @property
    def secrets(self) -> list[str]:
        password = urlsplit(self.proxy or "").password
        return [password, unquote(password)] if password else []

    def client(self, host: str, **options: Any) -> httpx.Client:
        """Raises ConfigurationError."""
        is_outside = not is_loopback(host)
        proxy = self.proxy if is_outside else None
        try:
            return httpx.Client(proxy=proxy, verify=self._trust(), trust_env=is_outside, **options)
        except (ImportError, ValueError, httpx.InvalidURL):
            raise ConfigurationError(
                "the proxy for deliveries cannot be used: SPIKETRACE_DELIVERY_PROXY, or HTTPS_PROXY of the "
                "environment, takes http://HOST:PORT or https://HOST:PORT"
            ) from None

    def _trust(self) -> ssl.SSLContext | bool:
        return trusting(httpx.create_ssl_context(), self.ca_file) if self.ca_file else True


def trusting(context: ssl.SSLContext, ca_file: Path) -> ssl.SSLContext:
    """The context, with authorities of one's own beside those it knows. Raises ConfigurationError."""
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"SPIKETRACE_DELIVERY_CA_FILE names {ca_file}, which is no PEM file of certificates: {error}"
        ) from None
    return context


DIRECT = Network()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


class Vendor:
    """One vendor's HTTP interface. Safe to share between threads; connects when it is first called.

    `secrets` are taken out of everything that is said about a call. Raises ConfigurationError.
    """

    def __init__(
        self,
        destination: str,
        url: str,
        *,
        secrets: Sequence[str],
        auth: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
        network: Network = DIRECT,
    ) -> None:
        self.destination = destination
        self._host = urlsplit(url).hostname or ""
        self._origin = _origin(url)
        self._client = network.client(
            self._host,
            auth=auth,
            headers={"accept": "application/json", **(headers or {})},
            timeout=TIMEOUT,
            # A kept connection that the vendor has closed meanwhile looks like a request whose answer was lost.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._secrets = forms_of([*secrets, *network.secrets], auth)

    def post(self, url: str, body: dict[str, Any], *, doing: str) -> httpx.Response:
        """`call` with POST and a JSON body."""
        return self.call("POST", url, json=body, doing=doing)

    def call(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        params: Mapping[str, str | int] | None = None,
        doing: str,
    ) -> httpx.Response:
        """The vendor's answer, whatever its status, asked for once. `doing` begins the reason of a failure.

        Raises Unanswered when the vendor may have done what was asked, and DeliveryError when it has not. Nothing is
        sent to another host than the one that the settings name, wherever the address comes from, nor to a redirect's.
        """
        if _origin(url) != self._origin:
            raise self.failure(f"{doing}: the address leads to another host than {self._host}", retryable=False)
        try:
            return self._client.request(method, url, json=json, params=params)
        except NOT_SENT as error:
            raise self._not_sent(error, doing) from None
        except NOT_SENDABLE as error:
            reason = f"{doing}: the address or the credentials cannot be sent ({type(error).__name__})"
            raise self.failure(reason, retryable=False) from None
        except httpx.RequestError as error:
            raise Unanswered(
                f"{doing}: {self._host} did not answer ({type(error).__name__})",
                destination=self.destination,
                retryable=True,
                is_ambiguous=True,
            ) from None

    def _not_sent(self, error: httpx.TransportError, doing: str) -> DeliveryError:
        if isinstance(error, httpx.ProxyError):
            reason = f"{doing}: the proxy refused to connect to {self._host}: {error}"
            return self.failure(reason, retryable=not str(error).startswith(PROXY_WANTS_CREDENTIALS))
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return self.failure(
                f"{doing}: the certificate of {self._host} is not trusted ({error}); "
                "SPIKETRACE_DELIVERY_CA_FILE names authorities of your own",
                retryable=True,
            )
        return self.failure(f"{doing}: {self._host} cannot be reached", retryable=True)

    def refusal(self, response: httpx.Response, sentence: str, *, doing: str) -> DeliveryError:
        """What an answer that is no success means; `sentence` is the vendor's own explanation."""
        return self.failure(
            f"{doing}: {self._host} answered {response.status_code}: {sentence or 'without an explanation'}",
            retryable=response.is_server_error or response.status_code in (REQUEST_TIMEOUT, TOO_MANY_REQUESTS),
            retry_after_seconds=retry_after_seconds(response),
            is_ambiguous=response.status_code in IN_BETWEEN,
        )

    def failure(
        self, reason: str, *, retryable: bool, retry_after_seconds: float | None = None, is_ambiguous: bool = False
    ) -> DeliveryError:
        return DeliveryError(
            self._without_secrets(reason),
            destination=self.destination,
            retryable=retryable,
            retry_after_seconds=retry_after_seconds,
            is_ambiguous=is_ambiguous,
        )

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        text = one_line(text)
        return text if len(text) <= LONGEST_SENTENCE else text[: LONGEST_SENTENCE - 1] + "…"


def forms_of(secrets: Sequence[str], auth: tuple[str, str] | None = None) -> list[str]:
    """The secrets as they may stand in what somebody says of a call, the longest first."""
    basic = base64.b64encode(":".join(auth).encode()).decode() if auth else ""
    forms = {form for secret in [*secrets, basic] if secret for form in (secret, quote(secret, safe=""))}
    return sorted(forms, key=lambda form: (-len(form), form))


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
