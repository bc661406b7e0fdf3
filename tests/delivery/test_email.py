"""The mail of an incident: what it says, that it is one thread, and how it is handed in."""

from __future__ import annotations

import email
import email.policy
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.standins.mail import Mailbox, serving_mail
from tests.delivery.samples import INCIDENT_ID, a_notice, an_incident
from tests.incidents.samples import HEADLINE, ONSET, a_report
from tests.standins.server import Vendors
from worker.delivery.configured import destinations
from worker.delivery.email.addresses import InvalidAddresses, addresses
from worker.delivery.email.client import Mailer
from worker.delivery.email.destination import EmailDestination
from worker.delivery.email.message import opening_mail, update_mail
from worker.delivery.email.server import Encryption, Server, mail_server
from worker.domain.incident import Delivery, HistoryEntry, IncidentStatus
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import Destination
from worker.settings import load_settings

PUBLIC_URL = "https://spiketrace.example"
PAGE = f"{PUBLIC_URL}/reports/report-1"
SUBJECT = "[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841"
TLS = Path(__file__).parent / "tls"
ENDED = HistoryEntry(at=ONSET + timedelta(minutes=40), event="resolved", reason="All of its alerts have recovered.")


def over(**changes: Any) -> Notice:
    end = ONSET + timedelta(minutes=38)
    resolved = an_incident(status=IncidentStatus.RESOLVED, resolved_at=end, duration_minutes=38.0, **changes)
    resolved.history.append(ENDED)
    return Notice(resolved, a_report(), news=(ENDED,), revision=2)


def part(mail: EmailMessage, kind: str) -> str:
    """As a mail program reads it."""
    read = email.message_from_bytes(mail.as_bytes(policy=email.policy.SMTP), policy=email.policy.default)
    body = read.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_the_mail_answers_without_a_click() -> None:
    mail = opening_mail(a_notice(), public_url=PUBLIC_URL)
    assert mail["Subject"] == SUBJECT
    text = part(mail, "plain")
    assert text.splitlines()[0] == f"{SUBJECT} (began 10:42 UTC, 26 Feb 2026)"
    assert HEADLINE in text
    assert "Deployment deploy-8841, version 2.3.0 (checkout, us-central1); confidence 0.93" in text
    assert "- Excess CO₂ (measured): 410 gCO₂e, 350 to 470 gCO₂e (90 %)" in text
    assert f"The whole report: {PAGE}" in text


def test_the_last_mail_says_what_it_cost() -> None:
    mail = update_mail(over(), opened_with=SUBJECT, public_url=PUBLIC_URL)
    assert mail["Subject"] == f"Re: {SUBJECT}"
    lines = part(mail, "plain").splitlines()
    assert lines[0].startswith("[resolved] checkout us-central1: ")
    assert lines[2].startswith("Resolved 11:20 UTC after 38 min; 410 gCO₂e wasted")


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x.png"><a href="javascript:alert(1)">x</a>'


def test_nothing_is_loaded_run_or_linked_but_the_report() -> None:
    report = a_report(headline=HOSTILE)
    report.sections.recommendations = [HOSTILE]
    report.alert.rule_name = HOSTILE
    notice = a_notice(an_incident(title=HOSTILE, service=HOSTILE), report)
    page = Elements(part(opening_mail(notice, public_url=PUBLIC_URL), "html"))
    assert not {tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "style"}
    assert [attributes["href"] for tag, attributes in page.elements if tag == "a"] == [PAGE]
    assert not [attributes for _, attributes in page.elements if "url(" in str(attributes.get("style"))]
    assert "<script>alert(1)</script>" in page.words


@given(title=st.text(max_size=400))
def test_no_title_becomes_a_header(title: str) -> None:
    mail = opening_mail(a_notice(an_incident(title=title)), public_url=PUBLIC_URL)
    assert "\n" not in mail["Subject"]
    read = email.message_from_bytes(mail.as_bytes(policy=email.policy.SMTP), policy=email.policy.default)
    assert set(read.keys()) == {"Subject", "Auto-Submitted", "X-SpikeTrace-Incident", "MIME-Version", "Content-Type"}


@pytest.mark.parametrize(
    "title", ["a\nBcc: all@shop.example", "a\r\n\r\nbody", "a\u2028Bcc: all@shop.example", "a\x85Bcc: x@shop.example"]
)
def test_a_title_with_lines_stays_a_title(title: str, vendors: Vendors) -> None:
    destinations(vendors.settings())["email"].open(a_notice(an_incident(title=title)))
    (mail,) = vendors.mails
    assert mail["recipients"] == ["sre@shop.example"]
    assert mail["subject"].startswith("[high] a")


class Outbox:
    """A mail client that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[EmailMessage, list[str]]] = []

    def send(self, message: EmailMessage, *, sender: str, recipients: Any) -> dict[str, str]:
        self.sent.append((message, list(recipients)))
        return {}

    def check(self) -> None: ...


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def destination(outbox: Outbox) -> Destination:
    return EmailDestination(
        outbox,
        sender=Address("SpikeTrace", addr_spec="spiketrace@shop.example"),
        recipients=addresses("sre@shop.example"),
        public_url=PUBLIC_URL,
    )


def test_all_mails_of_an_incident_are_one_thread(destination: Destination, outbox: Outbox) -> None:
    made = destination.open(a_notice())
    assert made.vendor_id == f"<{INCIDENT_ID}.1@shop.example>"
    receipt = Delivery(state="done", vendor_id=made.vendor_id, details=made.details, updated_at=ONSET, told=1)
    # The severity in the subject has changed meanwhile, which would be another thread for some mail programs.
    destination.update(over(severity="critical"), receipt)
    (_, _), (answer, recipients) = outbox.sent
    assert answer["Message-ID"] == f"<{INCIDENT_ID}.2@shop.example>"
    assert answer["In-Reply-To"] == answer["References"] == made.vendor_id
    assert answer["Subject"] == f"Re: {SUBJECT}"
    assert recipients == ["sre@shop.example"]
    # https://www.rfc-editor.org/rfc/rfc5322#section-3.6: every message has these two.
    assert all(sent["Date"] and sent["From"] for sent, _ in outbox.sent)


def test_the_policy_may_name_the_recipients(destination: Destination, outbox: Outbox) -> None:
    notice = a_notice()
    told = Notice(notice.incident, notice.report, notice.news, 1, options={"to": "Pay <pay@x.example>, ops@x.example"})
    made = destination.open(told)
    receipt = Delivery(
        state="done",
        vendor_id=made.vendor_id,
        options=dict(told.options),
        details=made.details,
        updated_at=ONSET,
        told=1,
    )
    destination.update(over(), receipt)
    assert [recipients for _, recipients in outbox.sent] == [["pay@x.example", "ops@x.example"]] * 2
    assert str(outbox.sent[0][0]["To"]) == "Pay <pay@x.example>, ops@x.example"


def test_nonsense_of_the_policy_is_a_reason(destination: Destination) -> None:
    notice = a_notice()
    with pytest.raises(DeliveryError, match="'sre-team', which are no mail addresses") as caught:
        destination.open(Notice(notice.incident, notice.report, notice.news, 1, options={"to": "sre-team"}))
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "text", ["", "sre", "a@b@c", "a b@c.example", "a@b.example\nBcc: c@d.example", "a..b@c.example"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidAddresses):
        addresses(text)


@given(st.text(st.sampled_from('ab@.,<>" \n\r;:()'), max_size=25))
def test_an_address_that_is_taken_is_plain(text: str) -> None:
    try:
        found = addresses(text)
    except InvalidAddresses:
        return
    assert all(re.fullmatch(r"[ab.]+@[ab.]+", address.addr_spec) for address in found)


def to(vendors: Vendors, *recipients: str) -> Destination:
    return destinations(vendors.settings(SPIKETRACE_EMAIL_TO=", ".join(recipients)))["email"]


def test_a_recipient_that_is_refused_keeps_it_from_nobody_else(vendors: Vendors) -> None:
    made = to(vendors, "sre@shop.example", "nobody@shop.example").open(a_notice())
    assert vendors.mails[0]["recipients"] == ["sre@shop.example"]
    assert made.details["refused"] == "nobody@shop.example: 550 5.1.1 No such user here"


@pytest.mark.parametrize(
    ("recipients", "retryable", "code"),
    [(("nobody@shop.example",), False, 550), (("nobody@shop.example", "busy@shop.example"), True, 450)],
)
def test_when_all_are_refused_nothing_is_sent(
    vendors: Vendors, recipients: tuple[str, ...], retryable: bool, code: int
) -> None:
    with pytest.raises(DeliveryError, match=f"answered {code}: ") as caught:
        to(vendors, *recipients).open(a_notice())
    assert caught.value.retryable is retryable
    assert vendors.mails == []


def test_a_connection_that_breaks_before_the_message_has_sent_nothing(vendors: Vendors) -> None:
    vendors.fail("/mail/recipient")
    with pytest.raises(DeliveryError, match="closed the connection before the message") as caught:
        to(vendors, "sre@shop.example").open(a_notice())
    assert (caught.value.retryable, caught.value.is_ambiguous) == (True, False)


def test_a_connection_that_breaks_after_it_leaves_it_open(vendors: Vendors) -> None:
    vendors.fail("/mail", when="after")
    with pytest.raises(DeliveryError, match="it may have been sent") as caught:
        to(vendors, "sre@shop.example").open(a_notice())
    assert (caught.value.retryable, caught.value.is_ambiguous) == (False, True)


@pytest.mark.parametrize(("place", "seconds", "is_ambiguous"), [("/mail/recipient", 0.3, False), ("/mail", 2.0, True)])
def test_a_server_that_dawdles_is_left(vendors: Vendors, place: str, seconds: float, is_ambiguous: bool) -> None:
    vendors.fail(place, status=250, delay_seconds=30.0)
    server = mail_server(vendors.settings())
    with pytest.raises(DeliveryError) as caught:
        send(server, timeout_seconds=seconds)
    assert (caught.value.retryable, caught.value.is_ambiguous) == (not is_ambiguous, is_ambiguous)


def test_a_wrong_password_stays_wrong(vendors: Vendors) -> None:
    settings = vendors.settings(SPIKETRACE_SMTP_PASSWORD="not the password")
    with pytest.raises(DeliveryError, match="answered 535: ") as caught:
        destinations(settings)["email"].open(a_notice())
    assert not caught.value.retryable


@contextmanager
def a_server(*, encryption: Encryption, offers_tls: bool = True) -> Iterator[tuple[Server, Mailbox]]:
    """As it would be called on another host."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "localhost.pem")
    mailbox = Mailbox([], user="u", password="p")
    is_implicit = encryption is Encryption.IMPLICIT
    with serving_mail(mailbox, tls=context if offers_tls else None, is_implicit=is_implicit) as port:
        yield Server("localhost", port, encryption, "u", "p", ca_file=TLS / "authority.pem"), mailbox


def send(server: Server, *, timeout_seconds: float = 30.0) -> None:
    mail = opening_mail(a_notice(), public_url=PUBLIC_URL)
    Mailer(server, timeout_seconds=timeout_seconds).send(mail, sender="a@x.example", recipients=["b@x.example"])


@pytest.mark.parametrize("encryption", [Encryption.IMPLICIT, Encryption.REQUIRED, Encryption.IF_OFFERED])
def test_it_is_handed_in_encrypted(encryption: Encryption) -> None:
    with a_server(encryption=encryption) as (server, mailbox):
        send(server)
        assert [mail.recipients for mail in mailbox.mails] == [["b@x.example"]]


@pytest.mark.parametrize("encryption", [Encryption.IMPLICIT, Encryption.REQUIRED])
def test_a_server_that_nobody_vouches_for_gets_nothing(encryption: Encryption) -> None:
    with a_server(encryption=encryption) as (server, mailbox):
        with pytest.raises(DeliveryError, match=r"not trusted .*SPIKETRACE_DELIVERY_CA_FILE"):
            send(replace(server, ca_file=None))
        assert mailbox.mails == []


def test_a_server_without_encryption_gets_nothing() -> None:
    with a_server(encryption=Encryption.REQUIRED, offers_tls=False) as (server, mailbox):
        with pytest.raises(DeliveryError, match="offers no STARTTLS") as caught:
            send(server)
        assert not caught.value.retryable
        assert mailbox.mails == []


def settings(**changes: str) -> dict[str, str]:
    ours = {"SMTP_URL": "smtp://mail.example", "EMAIL_FROM": "a@x.example", "EMAIL_TO": "b@x.example"} | changes
    return {f"SPIKETRACE_{name}": value for name, value in ours.items()}


@pytest.mark.parametrize(
    ("changes", "port", "encryption"),
    [
        ({}, 587, Encryption.REQUIRED),
        ({"SMTP_URL": "smtps://mail.example"}, 465, Encryption.IMPLICIT),
        ({"SMTP_URL": "smtp://mail.example:25"}, 25, Encryption.REQUIRED),
        ({"ALLOW_PLAIN_HTTP": "true"}, 587, Encryption.IF_OFFERED),
        ({"SMTP_URL": "smtp://127.0.0.1:1025"}, 1025, Encryption.NONE),
    ],
)
def test_only_this_machine_is_spoken_to_in_the_clear(
    changes: dict[str, str], port: int, encryption: Encryption
) -> None:
    server = mail_server(load_settings(settings(**changes)))
    assert (server.port, server.encryption) == (port, encryption)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"SMTP_URL": "mail.example:587"}, "SPIKETRACE_SMTP_URL is smtp://HOST:587"),
        ({"SMTP_URL": "smtp://u:secret@mail.example"}, "a login goes into SPIKETRACE_SMTP_USER"),
        ({"SMTP_URL": "smtp://mail.example:port"}, "SPIKETRACE_SMTP_URL is smtp://HOST:587"),
        ({"SMTP_USER": "u"}, "go together"),
        ({"SMTP_USER": "u", "SMTP_PASSWORD": "sécret"}, "ASCII only"),
        ({"EMAIL_TO": ""}, "needs SPIKETRACE_EMAIL_FROM and SPIKETRACE_EMAIL_TO"),
        ({"EMAIL_TO": "sre"}, "SPIKETRACE_EMAIL_TO holds something that is no mail address"),
        ({"EMAIL_FROM": "a@x.example, b@x.example"}, "SPIKETRACE_EMAIL_FROM is one address"),
        ({"DELIVERY_CA_FILE": __file__}, "SPIKETRACE_DELIVERY_CA_FILE names"),
    ],
)
def test_a_setting_that_is_wrong_is_named(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        destinations(load_settings(settings(**changes)))
    assert not {"secret", "sécret"} & set(re.split(r"\W", caught.value.reason))
