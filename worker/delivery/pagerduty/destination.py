"""PagerDuty as a destination: one alert an incident, resolved with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from worker.delivery.http import Network
from worker.delivery.pagerduty.client import PagerDuty
from worker.delivery.pagerduty.payload import Json, resolve, trigger
from worker.delivery.pairs import pairs
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import DeliveryReceipt
from worker.settings import Settings

# The on-call that is called where the policy names none.
DEFAULT = ""


class Events(Protocol):
    def send(self, routing_key: str, event: Json) -> None: ...


class PagerDutyDestination:
    """Fulfils `worker.ports.Destination`. `routing_keys` are by the name of the on-call, the default's by DEFAULT."""

    name = "pagerduty"
    # The incident's id is the key by which PagerDuty tells alerts apart: while one is open, another trigger with its
    # key adds to its log (https://support.pagerduty.com/docs/event-management#deduplication).
    finds_what_it_made = True
    hears = frozenset({"cause", "severity", "spread", "resolved", "reopened"})

    def __init__(self, events: Events, *, routing_keys: Mapping[str, str], public_url: str) -> None:
        self._events = events
        self._routing_keys = routing_keys
        self._public_url = public_url

    def open(self, notice: Notice) -> DeliveryReceipt:
        on_call = notice.options.get("on_call", DEFAULT)
        self._events.send(self._routing_key(on_call), trigger(notice, public_url=self._public_url))
        return DeliveryReceipt(vendor_id=notice.incident.incident_id, details={"on_call": on_call})

    def update(self, notice: Notice, made: Delivery) -> None:
        """A trigger after the end would open another alert, so an incident that is over is only ever resolved."""
        event = resolve(notice.incident) if notice.is_over else trigger(notice, public_url=self._public_url)
        self._events.send(self._routing_key(made.details.get("on_call", DEFAULT)), event)

    def _routing_key(self, on_call: str) -> str:
        if key := self._routing_keys.get(on_call):
            return key
        named = ", ".join(sorted(name for name in self._routing_keys if name)) or "none"
        wanted = f"knows no on-call {on_call!r}" if on_call else "is given no on-call by the policy"
        raise DeliveryError(
            f"it {wanted}; SPIKETRACE_PAGERDUTY_ROUTING_KEYS names {named}, and SPIKETRACE_PAGERDUTY_ROUTING_KEY "
            "is for incidents without one",
            destination=self.name,
            retryable=False,
        )


def pagerduty_destination(settings: Settings) -> PagerDutyDestination | None:
    """None where PagerDuty is not configured. Raises ConfigurationError for keys that cannot be read."""
    keys: dict[str, str] = {}
    if settings.pagerduty_routing_keys:
        text = settings.pagerduty_routing_keys.get_secret_value()
        keys = pairs(text, "SPIKETRACE_PAGERDUTY_ROUTING_KEYS", separators=r"\s,")
    if settings.pagerduty_routing_key:
        keys[DEFAULT] = settings.pagerduty_routing_key.get_secret_value()
    if not keys:
        return None
    if any(not key.isascii() or not key.isalnum() for key in keys.values()):
        raise ConfigurationError("a routing key of PagerDuty is 32 letters and digits, as its integration shows it")
    events = PagerDuty(settings.pagerduty_url, routing_keys=list(keys.values()), network=Network.of(settings))
    return PagerDutyDestination(events, routing_keys=keys, public_url=settings.public_url)
