"""The words of a trade, from a file to every place that tells of orders and revenue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.samples import an_incident
from tests.writing.cases import SHOPS, tell
from webhook.report_view import heading
from worker.agent.grounding.ground import ground
from worker.agent.grounding.text.numerals import numbers
from worker.agent.prompting import domain_prompt, prompt
from worker.answering.writing import markdown
from worker.delivery.words import impact_in_a_line, losses
from worker.domain.report import Report
from worker.domain.terms import SHOP, Terms, section_label, speaking, terms
from worker.domain.wording import impact_groups
from worker.errors import ConfigurationError
from worker.markdown import section_title
from worker.settings import Settings
from worker.terminology import load_terms, parse_terms, shipped_terminologies

OURS = """\
preset: finance
orders: {singular: booking, plural: bookings}
currency: {symbol: CHF, per_usd: 0.5}
sections:
  business_impact: Bookings & income
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with speaking(SHOP):
        yield


def recorded() -> Report:
    return tell(SHOPS["recorded"]()).report


def said(report: Report) -> str:
    parts = [report.markdown, impact_in_a_line(report.impact), *report.severity_reasons]
    parts += [label for group in impact_groups(report.impact) for label, _ in group.figures]
    parts += [f"{gap.what} {gap.reason} {gap.effect}" for gap in report.gaps]
    parts += [losses(an_incident(orders_affected=31, revenue_lost_usd=1519, wasted_co2_grams=3), report)]
    return "\n".join(parts)


def test_without_a_setting_a_shops_words_are_used() -> None:
    assert Settings().terminology == "shop"
    assert load_terms("shop") == Terms() == terms()
    assert domain_prompt() == prompt("domain")


@pytest.mark.parametrize("name", [name for name in shipped_terminologies() if name != "shop"])
def test_in_another_trade_nothing_speaks_of_orders_and_revenue(name: str) -> None:
    with speaking(load_terms(name)):
        text = said(recorded())
        spoken = terms()
    kept = text.lower().replace(spoken.revenue, "").replace(spoken.orders.plural, "")
    assert f"31 {spoken.orders.plural} affected" in text
    assert f"$1,519 of {spoken.revenue} lost" in text
    assert not re.search(r"\b(?:orders?|revenue)\b", kept)


def test_the_fields_keep_their_names_and_figures() -> None:
    with speaking(parse_terms(OURS, "ours.yaml")):
        found = recorded()
    assert found.impact == recorded().impact
    assert found.sections.model_fields_set == recorded().sections.model_fields_set


def test_a_file_changes_what_it_names_and_keeps_the_rest_of_its_preset() -> None:
    with speaking(parse_terms(OURS, "ours.yaml")):
        report = recorded()
        assert report.sections.business_impact.startswith("31 bookings affected and CHF 760 of fee income lost")
        assert "## Bookings &amp; income" in report.markdown
        assert "## Customer impact" in report.markdown
        assert "| Transactions | Bookings affected (recorded) | 31 |" in report.markdown
        assert section_label("user_impact", "User impact") == "Customer impact"
        assert heading("user_impact") == section_title("user_impact") == "Customer impact"
        answer = markdown([], report.sections.model_dump(), [], "")
        assert "## Customer impact" in answer
        assert "## Bookings &amp; income" in answer
        assert "financial institution" in domain_prompt()


def test_a_models_sentence_is_checked_in_the_words_of_the_trade() -> None:
    with speaking(parse_terms(OURS, "ours.yaml")):
        report = recorded()
        (bookings,) = numbers("31 bookings")
        (francs,) = numbers("CHF 760")
        true = ground("31 bookings were affected, and CHF 760 of fee income was lost.", report)
        wrong = ground("57 bookings were affected.", report)
    assert (bookings.dimension, bookings.value) == ("orders", 31)
    assert (francs.dimension, francs.value) == ("usd", 1520)
    assert (true.claims_removed, true.claims_marked) == (0, 0)
    assert wrong.claims_removed + wrong.claims_marked == 1
    assert numbers("31 bookings")[0].dimension != "orders"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("preset: hospital", "terminology t.yaml, line 1: preset: there is no such preset; there are data-pipelines,"),
        ("order: {singular: a, plural: b}", "line 1: order: there is no such key"),
        ("orders: bookings", "line 1: orders: it has to be a mapping"),
        ("preset: saas\norders: {singular: booking}", "line 2: orders.plural: Field required"),
        ("orders:\n  singular: booking\n  plural: '<b>bookings</b>'", "line 3: orders.plural: "),
        ("orders: {singular: booking, plural: 12 bookings}", "line 1: orders.plural: "),
        ("revenue: '[x](https://evil.example)'", "line 1: revenue: "),
        ("revenue: income\nrevenue: fees", "line 2: revenue is there twice"),
        ("currency: {symbol: $, per_usd: 0.9}", "line 1: currency: $ is the US dollar here"),
        ("currency: {symbol: CHF}", "line 1: currency: per_usd is missing: how much of CHF is one US dollar?"),
        ("currency: {symbol: '1', per_usd: 0.9}", "line 1: currency.symbol: "),
        ("currency: {symbol: €, per_usd: 0}", "line 1: currency.per_usd: "),
        ("currency: {symbol: €, per_usd: .inf}", "line 1: currency.per_usd: "),
        ("sections: {outlook: Outlook}", "line 1: sections.outlook: there is no such key"),
        ("sections: {overview: '# Overview'}", "line 1: sections.overview: "),
        ("parts: {users: ''}", "line 1: parts.users: "),
        ('domain: "ring \\u0007 the bell"', "line 1: domain: "),
        (f"domain: {'x' * 601}", "line 1: domain: "),
        ("- a\n- b", "line 1: the terminology: it has to be a mapping"),
        ("orders: [", "t.yaml is not YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line_and_key(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_terms(text, "t.yaml")
    assert complaint in refused.value.reason


@pytest.mark.parametrize("name", ["hospital", "../shop", "", "/"])
def test_a_name_that_is_nobodys_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ConfigurationError, match="data-pipelines, finance, saas, shop"):
        load_terms(name)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="it is not UTF-8"):
        load_terms(str(tmp_path / "t.yaml"))


@given(st.text(max_size=80))
def test_any_text_is_terms_or_an_error_that_names_the_file(text: str) -> None:
    try:
        found = parse_terms(text, "t.yaml")
    except ConfigurationError as error:
        found = None
        told = error.reason
    assert isinstance(found, Terms) or "t.yaml" in told
