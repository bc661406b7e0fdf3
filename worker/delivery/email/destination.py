"""Email as a destination: one thread an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Protocol

import structlog

from worker.delivery.email.addresses import InvalidAddresses, addresses
from worker.delivery.email.client import Mailer
from worker.delivery.email.message import message_id, opening_mail, update_mail
from worker.delivery.email.server import mail_server
from worker.delivery.words import subject
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import DeliveryReceipt
from worker.settings import Settings

log = structlog.get_logger(__name__)

# Of their length a receipt can keep no more; the rest is in the log.
LONGEST_REFUSALS = 500


class MailClient(Protocol):
    def send(self, message: EmailMessage, *, sender: str, recipients: Sequence[str]) -> Mapping[str, str]: ...

    def check(self) -> None: ...


class EmailDestination:
    """Fulfils `worker.ports.Destination`. `recipients` are written to where the policy names no others."""

    name = "email"
    # A mail server answers no question about what it has taken.
    finds_what_it_made = False
    # What somebody may have to act on; the rest stands in the next mail.
    hears = frozenset({"cause", "severity", "resolved", "reopened"})

    def __init__(self, client: MailClient, *, sender: Address, recipients: Sequence[Address], public_url: str) -> None:
        self._client = client
        self._sender = sender
        self._recipients = recipients
        self._public_url = public_url

    def open(self, notice: Notice) -> DeliveryReceipt:
        mail = opening_mail(notice, public_url=self._public_url)
        named = message_id(notice.incident, notice.revision, self._sender)
        mail["Message-ID"] = named
        refused = self._send(mail, notice.options.get("to"))
        return DeliveryReceipt(vendor_id=named, details={"subject": subject(notice.incident), **_told(refused)})

    def update(self, notice: Notice, made: Delivery) -> None:
        opened_with = made.details.get("subject") or subject(notice.incident)
        mail = update_mail(notice, opened_with=opened_with, public_url=self._public_url)
        mail["Message-ID"] = message_id(notice.incident, notice.revision, self._sender)
        if made.vendor_id:
            mail["In-Reply-To"] = made.vendor_id
            mail["References"] = made.vendor_id
        self._send(mail, made.options.get("to"))

    def check(self) -> str:
        self._client.check()
        return f"takes us in; mails go out from {self._sender.addr_spec}"

    def _send(self, mail: EmailMessage, named_by_the_policy: str | None) -> Mapping[str, str]:
        recipients = self._addressees(named_by_the_policy)
        mail["Date"] = datetime.now(UTC)
        mail["From"] = self._sender
        mail["To"] = recipients
        refused = self._client.send(
            mail, sender=self._sender.addr_spec, recipients=[recipient.addr_spec for recipient in recipients]
        )
        if refused:
            log.warning(
                "some recipients were refused",
                action="recipients-refused",
                destination=self.name,
                refused=dict(refused),
            )
        return refused

    def _addressees(self, named_by_the_policy: str | None) -> Sequence[Address]:
        if not named_by_the_policy:
            return self._recipients
        try:
            return addresses(named_by_the_policy)
        except InvalidAddresses:
            reason = f"the policy sends it to {named_by_the_policy!r}, which are no mail addresses"
            raise DeliveryError(reason, destination=self.name, retryable=False) from None


def _told(refused: Mapping[str, str]) -> dict[str, str]:
    said = "; ".join(f"{address}: {reason}" for address, reason in refused.items())
    return {"refused": said[:LONGEST_REFUSALS]} if said else {}


def email_destination(settings: Settings) -> EmailDestination | None:
    """None where email is not configured. Raises ConfigurationError where it is, in part."""
    if not settings.smtp_url:
        return None
    if not (settings.email_from and settings.email_to):
        raise ConfigurationError("SPIKETRACE_SMTP_URL needs SPIKETRACE_EMAIL_FROM and SPIKETRACE_EMAIL_TO as well")
    sender, *more = _of_setting("SPIKETRACE_EMAIL_FROM", settings.email_from)
    if more:
        raise ConfigurationError("SPIKETRACE_EMAIL_FROM is one address")
    recipients = _of_setting("SPIKETRACE_EMAIL_TO", settings.email_to)
    client = Mailer(mail_server(settings))
    return EmailDestination(client, sender=sender, recipients=recipients, public_url=settings.public_url)


def _of_setting(variable: str, text: str) -> Sequence[Address]:
    try:
        return addresses(text)
    except InvalidAddresses:
        raise ConfigurationError(f"{variable} holds something that is no mail address: {text!r}") from None
