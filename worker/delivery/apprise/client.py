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
BROKEN = re.compile(r"Connection error|Socket Exception|did not finish within", re.IGNORECASE)
WORTH_ANOTHER_ATTEMPT = frozenset({408, 429, 500, 502, 503, 504})
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
            raise self._failure([(entry.level, entry.message) for entry in result.logs()], targets=len(service))

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

    def _failure(self, log: list[tuple[str, str]], *, targets: int) -> DeliveryError:
        everything = "\n".join(text for _, text in log)
        said = quoted(" ".join(_sentences(log)) or "it failed without an explanation", self._secrets)
        status = STATUS.search(everything)
        if targets > 1:
            return self._ambiguous(f"{said}; some of its {targets} recipients may have been sent it")
        if status:
            return self._error(said, retryable=int(status[1]) in WORTH_ANOTHER_ATTEMPT)
        if NOT_CONNECTED.search(everything):
            return self._error(f"the service cannot be reached: {said}", retryable=True)
        if BROKEN.search(everything):
            return self._ambiguous(f"{said}; it may have been sent")
        return self._error(said, retryable=False)

    def _ambiguous(self, reason: str) -> DeliveryError:
        return DeliveryError(
            f"{DOING}: {reason}, so it is not sent again by itself",
            destination=self._destination,
            retryable=False,
            is_ambiguous=True,
        )

    def _error(self, reason: str, *, retryable: bool) -> DeliveryError:
        return DeliveryError(f"{DOING}: {reason}", destination=self._destination, retryable=retryable)


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
    scheme = url.partition(":")[0].lower()
    secure = _names(service.secure_protocol)
    if scheme not in _names(service.protocol) or not secure or allow_plain or is_loopback(service.host or ""):
        return
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


def _sentences(log: list[tuple[str, str]]) -> list[str]:
    """What Apprise says of a failure, and what the service said."""
    complaints = [text for level, text in log if level in ("WARNING", "ERROR", "CRITICAL")]
    answers = [found[2].strip() for _, text in log if (found := RESPONSE.search(text))]
    return [*complaints, *(f"({answer})" for answer in answers if answer and not answer.startswith("<"))]
