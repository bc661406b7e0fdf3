"""Microsoft Teams and the long tail, through Apprise: a destination for each address."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from worker.delivery.apprise.client import AppriseAddress, Message
from worker.delivery.apprise.message import opening_message, update_message
from worker.delivery.pairs import pairs
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError
from worker.ports import DeliveryReceipt
from worker.settings import Settings

VARIABLE = "SPIKETRACE_APPRISE_URLS"


class Address(Protocol):
    def send(self, message: Message) -> None: ...


class AppriseDestination:
    """Fulfils `worker.ports.Destination`."""

    # Apprise can send and nothing else.
    finds_what_it_made = False
    hears = frozenset({"resolved", "reopened"})

    def __init__(self, name: str, address: Address, *, public_url: str) -> None:
        self.name = name
        self._address = address
        self._public_url = public_url

    def open(self, notice: Notice) -> DeliveryReceipt:
        self._address.send(opening_message(notice, public_url=self._public_url))
        return DeliveryReceipt()

    def update(self, notice: Notice, made: Delivery) -> None:  # noqa: ARG002
        self._address.send(update_message(notice, public_url=self._public_url))


def apprise_destinations(settings: Settings, *, taken: Collection[str]) -> list[AppriseDestination]:
    """One for each name. Raises ConfigurationError for a name that is `taken`, or an address that cannot be used."""
    if not settings.apprise_urls:
        return []
    urls = pairs(settings.apprise_urls.get_secret_value(), VARIABLE, separators=r"\s")
    if clash := urls.keys() & set(taken):
        raise ConfigurationError(f"{VARIABLE}: {', '.join(sorted(clash))} has settings of its own; choose another name")
    return [
        AppriseDestination(
            name,
            AppriseAddress(name, url, allow_plain=settings.allow_plain_http),
            public_url=settings.public_url,
        )
        for name, url in urls.items()
    ]
