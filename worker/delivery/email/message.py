"""The mail of an incident: what has happened, as text and as HTML, in one thread for the whole course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from worker.delivery.words import course, cut, opening, report_url, resolved_subject, subject, uncited
from worker.domain.incident import Incident
from worker.domain.notice import Notice
from worker.domain.report import CauseKind, Report
from worker.domain.text import one_line
from worker.domain.wording import ImpactGroup, cause_in_words, confidence_in_words, impact_groups

LONGEST_TEXT = 1000
MOST_RECOMMENDATIONS = 3
COLOURS = {"low": "#4b6a88", "medium": "#8a6100", "high": "#b3470f", "critical": "#b3261e", "resolved": "#1e7a44"}

_TEMPLATES = Environment(
    loader=PackageLoader("worker.delivery.email"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Row:
    label: str
    likely: str
    interval: str


@dataclass(frozen=True)
class Content:
    """What a mail says; plain text on single lines, which only the template marks up."""

    badge: str
    colour: str
    standing: str
    course: Sequence[str]
    headline: str
    cause: str
    rows: Sequence[Row]
    recommendations: Sequence[str]
    page: str
    incident_id: str
    rule: str


def opening_mail(notice: Notice, *, public_url: str) -> EmailMessage:
    """Without the addresses, which are the destination's."""
    return _mail(content_of(notice, told=(), public_url=public_url), subject(notice.incident))


def update_mail(notice: Notice, *, opened_with: str, public_url: str) -> EmailMessage:
    """An answer to the opening: mail programs put into one thread what has its subject and refers to it."""
    return _mail(content_of(notice, told=course(notice), public_url=public_url), f"Re: {opened_with}")


def _mail(content: Content, title: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = title
    # So that no absence notice comes back (https://www.rfc-editor.org/rfc/rfc3834#section-5).
    message["Auto-Submitted"] = "auto-generated"
    message["X-SpikeTrace-Incident"] = content.incident_id
    message.set_content(_rendered("mail.txt", content), cte="quoted-printable")
    message.add_alternative(_rendered("mail.html", content), subtype="html", cte="quoted-printable")
    return message


def _rendered(template: str, content: Content) -> str:
    return _TEMPLATES.get_template(template).render(content=content)


def message_id(incident: Incident, revision: int, sender: Address) -> str:
    """The same for the same news, so that whoever keeps mail apart by it sees a repetition as one."""
    return f"<{incident.incident_id}.{revision}@{sender.domain}>"


def content_of(notice: Notice, *, told: Sequence[str], public_url: str) -> Content:
    incident, report = notice.incident, notice.report
    is_end = bool(told) and notice.is_over
    badge = "resolved" if is_end else incident.severity.value
    return Content(
        badge=badge,
        colour=COLOURS[badge],
        standing=resolved_subject(incident) if is_end else opening(incident),
        course=told,
        headline=_short(report.headline),
        cause=_cause(incident, report),
        rows=[row for group in impact_groups(report.impact) for row in _rows(group)],
        recommendations=[_short(uncited(text)) for text in report.sections.recommendations[:MOST_RECOMMENDATIONS]],
        page=report_url(public_url, report),
        incident_id=incident.incident_id,
        rule=_short(report.alert.rule_name),
    )


def _cause(incident: Incident, report: Report) -> str:
    if incident.root_cause is None or incident.root_cause.kind is CauseKind.UNKNOWN:
        return "not known yet"
    confidence = "" if report.confidence is None else f"; confidence {confidence_in_words(report.confidence)}"
    return f"{_short(cause_in_words(incident.root_cause))}{confidence}"


def _rows(group: ImpactGroup) -> list[Row]:
    basis = f" ({group.basis})" if group.basis else ""
    return [
        Row(_short(f"{label}{basis}"), figure.likely, f"{figure.interval} (90 %)" if figure.interval else "")
        for label, figure in group.figures
    ]


def _short(text: str) -> str:
    return cut(one_line(text[: 10 * LONGEST_TEXT]), LONGEST_TEXT)
