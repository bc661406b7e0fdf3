"""A report as its page shows it: pure, from the stored report and its incident to what the template prints."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from webhook.charts import SHORT, TALL, LegendEntry, caption, draw, legend
from worker.domain.evidence import Evidence
from worker.domain.figures import duration
from worker.domain.incident import Incident
from worker.domain.report import CalculationStep, Chart, Report, Verdict
from worker.domain.terms import section_label, terms
from worker.domain.text import CITATION, first_sentence, one_line
from worker.domain.wording import ImpactGroup, impact_groups

JSON_WIDTH = 72
# Shorter than elsewhere: they stand beside their text.
HEADINGS = {
    "overview": "Overview",
    "user_impact": "User impact",
    "carbon_compute_impact": "Carbon and compute",
    "business_impact": "Business impact",
    "deployment_correlation": "Deployments",
    "recommendations": "Recommendations",
}
_BETWEEN = rf"(?:\s|{CITATION})*"


@dataclass(frozen=True)
class Drawing:
    title: str
    caption: str
    svg: Markup
    legend: list[LegendEntry]
    evidence: str | None


@dataclass(frozen=True)
class Exhibit:
    """A piece of evidence, with its query as Kibana's Dev Tools take it."""

    evidence: Evidence
    request: str
    result: str
    link: str | None


@dataclass(frozen=True)
class Receipt:
    label: str
    url: str | None


@dataclass(frozen=True)
class Calculation:
    """The steps of one part of the impact, in their order."""

    name: str
    steps: list[CalculationStep]


PARTS = {
    "carbon": "Carbon",
    "waste": "Waste",
    "compute": "Energy, compute and cost",
    "sci": "Software Carbon Intensity",
    "users": "Users",
    "business": "Business",
}


@dataclass(frozen=True)
class ReportView:
    report: Report
    incident: Incident | None
    opening: str
    lead: str
    onset: datetime | None
    onset_before_alert: str | None
    first_chart: Drawing | None
    charts: list[Drawing]
    impact: list[ImpactGroup]
    unknown_figures: list[str]
    calculation: list[Calculation]
    exhibits: list[Exhibit]
    alert_link: str | None
    receipts: list[Receipt]

    @property
    def has_cause(self) -> bool:
        return self.report.verdict is Verdict.ROOT_CAUSE and self.report.root_cause is not None

    @property
    def is_quiet(self) -> bool:
        return self.report.verdict is Verdict.NOT_CONFIRMED

    @property
    def evidence_ids(self) -> frozenset[str]:
        return frozenset(item.id for item in self.report.evidence)

    @property
    def scope(self) -> tuple[str | None, str | None]:
        return self.report.service, self.report.region


def view_of(report: Report, incident: Incident | None, *, kibana_url: str | None) -> ReportView:
    """`kibana_url` is the only place that links of evidence and alert may lead to."""
    opening, lead = split_opening(report.sections.overview, report.headline)
    onset = _onset(report)
    drawings = _drawings(report.charts)
    groups = impact_groups(report.impact)
    known = [group for group in groups if group.figures]
    return ReportView(
        report=report,
        incident=incident,
        opening=opening,
        lead=lead,
        onset=onset,
        onset_before_alert=_before_alert(onset, report.timestamp),
        first_chart=drawings[0] if drawings else None,
        charts=drawings[1:],
        impact=known,
        unknown_figures=[name.lower() for group in groups for name in _unknown(group)] if known else [],
        calculation=_calculation(report.impact.calculation),
        exhibits=[exhibit(item, kibana_url) for item in report.evidence],
        alert_link=link_into(kibana_url, report.alert.link),
        receipts=receipts_of(incident),
    )


def split_opening(overview: str, headline: str) -> tuple[str, str]:
    """The first sentence of the overview with its evidence, and the rest; so that no page says it twice.

    An overview that does not begin with the headline stays whole, below it.
    """
    letters = [re.escape(letter) for letter in headline if not letter.isspace()]
    if not letters or not re.match(_BETWEEN.join(letters), overview):
        return headline, overview
    return first_sentence(overview)


def link_into(site: str | None, link: str | None) -> str | None:
    """`link` if it leads into `site` by http or https and cannot be read by a browser as anything else."""
    if not site or not link or not link.isascii() or not link.isprintable() or "\\" in link or " " in link:
        return None
    try:
        target, home = urlsplit(link), urlsplit(site)
        same_place = (target.scheme, target.netloc) == (home.scheme, home.netloc)
    except ValueError:
        return None
    path = home.path.rstrip("/")
    is_inside = not path or target.path == path or target.path.startswith(path + "/")
    return (
        link if same_place and target.scheme in ("http", "https") and "@" not in target.netloc and is_inside else None
    )


def _calculation(steps: list[CalculationStep]) -> list[Calculation]:
    grouped = {part: [step for step in steps if step.part == part] for part in PARTS}
    return [Calculation(_part_label(part), found) for part, found in grouped.items() if found]


def heading(section: str) -> str:
    """Of a page's section, by the report's own name of it, in the words of the trade."""
    return section_label(section, HEADINGS[section])


def _part_label(part: str) -> str:
    return {"users": terms().parts.users, "business": terms().parts.business}.get(part, PARTS[part])


def _unknown(group: ImpactGroup) -> list[str]:
    return group.unknown if group.figures else [group.name]


def receipts_of(incident: Incident | None) -> list[Receipt]:
    """What was made elsewhere for the incident; the vendor's own address of it is where the link leads."""
    deliveries = incident.deliveries if incident else {}
    return [
        Receipt(
            label=f"{name.capitalize()}: {delivery.vendor_id or delivery.state}",
            url=link_into(delivery.url, delivery.url),
        )
        for name, delivery in deliveries.items()
    ]


def _onset(report: Report) -> datetime | None:
    if report.root_cause and report.root_cause.onset:
        return report.root_cause.onset
    return next((mark.at for chart in report.charts for mark in chart.marks if mark.kind == "onset"), None)


def _before_alert(onset: datetime | None, alerted: datetime) -> str | None:
    return f"{duration(alerted - onset)} before the alert" if onset and onset < alerted else None


def _drawings(charts: list[Chart]) -> list[Drawing]:
    """The first is large; of the others' words only those are kept that the first does not say."""
    drawings = [_drawing(chart, number) for number, chart in enumerate(charts, 1)]
    return drawings[:1] + [_without_repetition(drawing, drawings[0]) for drawing in drawings[1:]]


def _drawing(chart: Chart, number: int) -> Drawing:
    return Drawing(
        title=one_line(chart.title),
        caption=caption(chart),
        svg=draw(chart, name=f"chart-{number}", height=TALL if number == 1 else SHORT),
        legend=legend(chart),
        evidence=chart.evidence,
    )


def _without_repetition(drawing: Drawing, first: Drawing) -> Drawing:
    entries = [entry for entry in drawing.legend if entry.kind != "series" and entry not in first.legend]
    return replace(drawing, legend=entries, caption="" if drawing.caption == first.caption else drawing.caption)


def exhibit(item: Evidence, kibana_url: str | None) -> Exhibit:
    return Exhibit(
        evidence=item,
        request=f"GET {one_line(item.index)}/_search\n{pretty_json(item.query)}",
        result=pretty_json(item.result),
        link=link_into(kibana_url, item.link),
    )


def pretty_json(value: Any, indent: int = 0) -> str:
    """JSON with every part on one line that fits into one: shorter to scroll through, as valid as any other."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) + indent <= JSON_WIDTH:
        return flat
    inner = indent + 2
    if isinstance(value, dict):
        lines = [f"{json.dumps(key, ensure_ascii=False)}: {pretty_json(item, inner)}" for key, item in value.items()]
    else:
        lines = [pretty_json(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(" " * inner + line for line in lines)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"
