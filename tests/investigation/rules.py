"""What holds for every report, whatever it found."""

from __future__ import annotations

import re

from worker.domain.report import Quantity, Report

MOST_WORDS_IN_OVERVIEW = 60
MOST_WORDS_IN_SECTION = 90
MOST_RECOMMENDATIONS = 4
CITATION = re.compile(r" ?\[(e\d+(?: e\d+)*)\]")
# "None: …" is a sentence of its own; a None inside of one is a figure that is not there.
NOT_A_FIGURE = re.compile(r"(?<![\w-])(nan|inf|infinity|null|NaN|Infinity|None(?!:))(?![\w-])")


def gaps(report: Report) -> str:
    return "\n".join(f"{gap.what}: {gap.reason}: {gap.effect}" for gap in report.gaps)


def check_text(report: Report) -> None:
    """Length, citations, and no figure that is none."""
    sections = report.sections
    prose = [
        sections.user_impact,
        sections.carbon_compute_impact,
        sections.business_impact,
        sections.deployment_correlation,
    ]
    assert 0 < _words(sections.overview, report) <= MOST_WORDS_IN_OVERVIEW, sections.overview
    assert 1 <= len(sections.recommendations) <= MOST_RECOMMENDATIONS
    for text in (*prose, " ".join(sections.recommendations)):
        assert 0 < _words(text, report) <= MOST_WORDS_IN_SECTION, text
    texts = [report.headline, sections.overview, *prose, *sections.recommendations, *report.severity_reasons]
    candidates = [text for one in report.candidates for text in (one.reason, one.against, one.check) if text]
    for text in (*texts, *candidates, gaps(report), report.markdown):
        assert not NOT_A_FIGURE.search(text), text
    _check_citations(report, texts)
    assert CITATION.sub("", sections.overview).startswith(report.headline)


def _words(text: str, report: Report) -> int:
    """Words a reader reads: a name is one, citations are none."""
    return len(CITATION.sub("", _without_names(text, report)).split())


def _without_names(text: str, report: Report) -> str:
    """A service may be called `[e1]`."""
    scopes = [(report.service, report.region), *((one.service, one.region) for one in report.candidates)]
    for name in sorted({name for scope in scopes for name in scope if name}, key=len, reverse=True):
        text = text.replace(name, "NAME")
    return text


def _check_citations(report: Report, texts: list[str]) -> None:
    ids = [one.id for one in report.evidence]
    assert ids == [f"e{number}" for number in range(1, len(ids) + 1)]
    for text in texts:
        cited = [each for found in CITATION.findall(_without_names(text, report)) for each in found.split()]
        assert set(cited) <= set(ids), text
    assert all(set(one.evidence) <= set(ids) for one in report.candidates)


def check_figures(report: Report) -> None:
    """Each figure of impact is there with its range the right way round, or a gap tells of its absence."""
    impact = report.impact
    figures: list[tuple[Quantity | None, str]] = [
        (impact.carbon.excess_co2_grams, "CO₂"),
        (impact.carbon.actual_co2_grams, "CO₂"),
        (impact.carbon.expected_co2_grams, "CO₂"),
        (impact.compute.excess_vcpu_hours, "vCPU"),
        (impact.compute.excess_cost_usd, "cost"),
        (impact.users.requests_failed, "failed"),
        (impact.users.requests_slowed, "slowed"),
        (impact.users.users_affected, "users"),
        (impact.business.orders_affected, "orders"),
        (impact.business.revenue_lost_usd, "revenue"),
    ]
    for figure, word in figures:
        if figure is None:
            assert any(word in gap.effect for gap in report.gaps), f"no gap tells why {word} is not known"
        else:
            assert figure.low <= figure.likely <= figure.high
