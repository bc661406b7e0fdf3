"""One address that Apprise knows how to reach (https://appriseit.com/services/).

Apprise says whether it worked, and why not only in its log, which it keeps for each call by itself: the status that
the service answered with, the service's own words, and whether there was a connection at all.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from worker.delivery.quoting import quoted
from worker.errors import ConfigurationError, DeliveryError
from worker.settings import is_loopback

if TYPE_CHECKING:  # it takes a while to load, and is loaded only where an address is configured
    from apprise import AppriseAsset, NotifyBase

DOING = "sending the message"
# Less than a delivery is leased for.
TIMEOUT_SECONDS = 20
STATUS = re.compile(r"error=(\d{3})\b")
RESPONSE = re.compile(r"Response Details:\s*b?(['\"])(.*)\1\s*$", re.DOTALL)
# What requests calls a connection that was never made. After any other break the message may have arrived.
NOT_CONNECTED = re.compile(
    r"NewConnectionError|ConnectTimeoutError|NameResolutionError|CERTIFICATE_VERIFY_FAILED|Tunnel connection failed"
)
BREAK = "Socket Exception"
BROKEN = re.compile(r"connection error|did not finish within", re.IGNORECASE)
COMPLAINTS = ("WARNING", "ERROR", "CRITICAL")
# Answers by which a service says that it has not taken the message, and would later.
NOT_TAKEN = frozenset({408, 429, 500, 503})
# Whoever answers with more than that may have failed after it had done its work.
SERVER_ERROR = 500
# A shorter part of an address is a word like any other.
SHORTEST_SECRET = 6


class Message(NamedTuple):
    """`markdown` is for services that show Markdown, `text` for all others."""

    title: str
    text: str
    markdown: str
    is_good_news: bool


class AppriseAddress:
    """Safe to share between threads. `url` is a secret."""

    def __init__(self, destination: str, url: str, *, allow_plain: bool) -> None:
        """Raises ConfigurationError for an address that Apprise does not know, or that is not encrypted."""
        self._destination = destination
        self._url = url
        _check(destination, url, self._service(), allow_plain=allow_plain)
        self._secrets = _secrets_in(url)

    def send(self, message: Message) -> None:
        """Raises DeliveryError."""
        from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415

        service = self._service()
        is_markdown = service.notify_format is NotifyFormat.MARKDOWN
        apprise = Apprise(services=service, asset=service.asset)
        result = apprise.notify(
            title=message.title,
            body=message.markdown if is_markdown else message.text,
            body_format=(NotifyFormat.MARKDOWN if is_markdown else NotifyFormat.TEXT).value,
            notify_type=NotifyType.SUCCESS if message.is_good_news else NotifyType.FAILURE,
            log_level=logging.DEBUG,
        )
        if not result:
            raise self._failure([(entry.level, entry.message) for entry in result.logs()])

    def _service(self) -> NotifyBase:
        """A new one for each message: one that is used again waits between its messages."""
        from apprise import Apprise  # noqa: PLC0415
        from apprise.common import OverflowMode  # noqa: PLC0415

        service = Apprise.instantiate(self._url, asset=_asset())
        if service is None:
            raise ConfigurationError(
                f"SPIKETRACE_APPRISE_URLS: Apprise does not know the address of {self._destination} "
                "(https://appriseit.com/services/ lists what it knows; Microsoft Teams is workflows://)"
            )
        # Never in several messages: when one of them fails, the others would be sent again.
        service.overflow_mode = OverflowMode.TRUNCATE
        service.retry = 0
        return service

    def _failure(self, log: list[tuple[str, str]]) -> DeliveryError:
        complaints = [text for level, text in log if level in COMPLAINTS]
        # Of the other lines only these: one holds the message, whose words are not Apprise's.
        breaks = [text for _, text in log if text.startswith(BREAK)]
        said = self._said(complaints, [found[2] for _, text in log if (found := RESPONSE.match(text))])
        found = STATUS.search(" ".join(complaints))
        status = int(found[1]) if found else None
        if status in NOT_TAKEN:
            return self._error(said, retryable=True)
        if NOT_CONNECTED.search(" ".join(breaks)):
            return self._error(f"the service cannot be reached: {said}", retryable=True)
        if (status or 0) >= SERVER_ERROR or (status is None and (breaks or BROKEN.search(" ".join(complaints)))):
            said = f"{said}; it may have been sent, so it is not sent again by itself"
            return self._error(said, retryable=False, is_ambiguous=True)
        return self._error(said, retryable=False)

    def _said(self, complaints: list[str], answers: list[str]) -> str:
        """What Apprise says of a failure, and what the service said; a page says nothing."""
        words = [f"({answer.strip()})" for answer in answers if answer.strip() and not answer.lstrip().startswith("<")]
        return quoted(" ".join([*complaints, *words]) or "it failed without an explanation", self._secrets)

    def _error(self, reason: str, *, retryable: bool, is_ambiguous: bool = False) -> DeliveryError:
        reason = f"{DOING}: {reason}"
        return DeliveryError(reason, destination=self._destination, retryable=retryable, is_ambiguous=is_ambiguous)


@cache
def _asset() -> AppriseAsset:
    """Sent as SpikeTrace, without pictures from elsewhere, and with nothing kept on the disk.

    Apprise writes addresses into its log, which is why nobody but the call itself may read it.
    """
    from apprise import AppriseAsset  # noqa: PLC0415

    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    return AppriseAsset(
        app_id="SpikeTrace",
        app_desc="SpikeTrace",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        storage_mode="memory",
        service_timeout=TIMEOUT_SECONDS,
        allow_templates=False,
    )


def _check(destination: str, url: str, service: NotifyBase, *, allow_plain: bool) -> None:
    if len(service) > 1:
        # When one of them fails, the others have been told, and Apprise does not say who.
        raise ConfigurationError(
            f"SPIKETRACE_APPRISE_URLS: the address of {destination} has {len(service)} recipients; give each an "
            "address and a name of its own"
        )
    scheme, secure = url.partition(":")[0].lower(), _names(service.secure_protocol)
    is_plain = scheme in _names(service.protocol) and secure and not is_loopback(service.host or "")
    if is_plain and not allow_plain:
        raise ConfigurationError(
            f"SPIKETRACE_APPRISE_URLS: {destination} would be sent over {scheme}:// unencrypted to another host: use "
            f"{secure[0]}://, or set SPIKETRACE_ALLOW_PLAIN_HTTP=true on a network you trust"
        )


def _names(protocol: Any) -> list[str]:
    if not protocol:
        return []
    return [protocol] if isinstance(protocol, str) else list(protocol)


def _secrets_in(url: str) -> list[str]:
    """The address and its parts; a host's name is none, unless it is a token in a host's place."""
    parts = re.split(r"[/:@?&=#,]+", url.partition("://")[2])
    return [url, *(part for part in parts if len(part) >= SHORTEST_SECRET and not _is_host(part))]


def _is_host(part: str) -> bool:
    return part == "localhost" or re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", part) is not None
