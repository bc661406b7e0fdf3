"""What a report says of its making: the same of the same, another of another, and what a replay makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook_pages import samples
from worker.domain.report import Provenance, SeverityFacts, Verdict
from worker.domain.terms import Terms, speaking
from worker.impact.tables import shipped
from worker.markdown import render_markdown
from worker.provenance import digest, provenance_of
from worker.replay.compare import differences
from worker.replay.reasons import Why, reasons
from worker.severity import DEFAULT, Thresholds, judge_severity
from worker.telemetry.profiles import load_profile

MADE: dict[str, Any] = {
    "version": "0.1.0", "code": "c", "profile": "p", "policy": "y", "factors": "f",
    "grid": "yearly", "terminology": "t",
}  # fmt: skip


def made(**changes: Any) -> Provenance:
    profile = load_profile("spiketrace")
    given: dict[str, Any] = {"profile": profile, "thresholds": DEFAULT, "factors": shipped(), "is_hourly": False}
    return provenance_of(**given | changes)


def unlike(one: Provenance, other: Provenance) -> set[str]:
    return {name for name in Provenance.model_fields if getattr(one, name) != getattr(other, name)}


def test_each_part_has_a_digest_of_its_own() -> None:
    profile, factors = load_profile("spiketrace"), shipped()
    place, grid = next(iter(factors.grids.items()))
    cleaner = replace(factors, grids=factors.grids | {place: grid.model_copy(update={"g_per_kwh": 1.0})})
    strict = Thresholds.model_validate({"confidence": 0.9})
    sampled = profile.sampling.model_copy(update={"recent_hours": 5})
    assert made() == made()
    assert unlike(made(), made(profile=profile.model_copy(update={"sampling": sampled}))) == {"profile"}
    assert unlike(made(), made(thresholds=strict)) == {"policy"}
    assert unlike(made(), made(factors=cleaner)) == {"factors"}
    assert unlike(made(), made(is_hourly=True)) == {"grid"}
    with speaking(Terms.model_validate({"revenue": "fees"})):
        saas = made()
    assert unlike(made(), saas) == {"terminology"}


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_in_which_it_is_said_does_not_matter(said: dict[str, int]) -> None:
    assert digest(said) == digest(dict(reversed(said.items())))


def report(provenance: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    document = samples.report().model_dump(mode="json", by_alias=True)
    facts = {"severity_facts": {"failed_share": 0.4}}
    return document | facts | {"provenance": None if provenance is None else MADE | provenance} | changes


def why(before: dict[str, Any], after: dict[str, Any]) -> list[Why]:
    return reasons(before, after, [one.field for one in differences(before, after)])


def test_what_made_them_is_no_difference() -> None:
    assert not differences(report(None), report({"code": "another"}))
    assert why(report({}), report({"version": "0.2.0"})) == []


@pytest.mark.parametrize(
    ("provenance", "changes", "told"),
    [
        ({"version": "0.2.0"}, {"verdict": "inconclusive"}, [Why.VERSION]),
        ({"code": "another"}, {"verdict": "inconclusive"}, [Why.VERSION]),
        ({"factors": "others"}, {"headline": "Otherwise."}, [Why.FACTORS]),
        ({"grid": "hourly"}, {"headline": "Otherwise."}, [Why.FACTORS]),
        ({"terminology": "others"}, {"headline": "Otherwise."}, [Why.TERMINOLOGY]),
        ({"policy": "another"}, {"severity": "low"}, [Why.POLICY]),
        ({"policy": "another"}, {"severity_reasons": ["Few."]}, [Why.POLICY]),
        ({"profile": "another"}, {"evidence": []}, [Why.PROFILE]),
        ({"code": "another"}, {"evidence": []}, [Why.QUERIES, Why.VERSION]),
        ({"code": "another", "factors": "others"}, {"headline": "Otherwise."}, [Why.VERSION, Why.FACTORS]),
        # The same made by the same: only something that no report names is left.
        ({}, {"severity": "low"}, [Why.JUDGEMENT]),
        ({}, {"headline": "Otherwise."}, [Why.JUDGEMENT]),
    ],
)
def test_why_names_what_is_another(provenance: dict[str, Any], changes: dict[str, Any], told: list[Why]) -> None:
    assert why(report({}), report(provenance, **changes)) == told


def test_a_report_of_before_does_not_say_what_made_it() -> None:
    assert why(report(None), report({"code": "c"}, headline="Otherwise.")) == [Why.JUDGEMENT]


def test_another_threshold_may_change_the_severity_and_no_word_of_its_reasons() -> None:
    """Reasons tell figures, not the thresholds that these reach: so fewer reports differ in their reasons."""
    facts = SeverityFacts(verdict=Verdict.ROOT_CAUSE, confidence=0.9, co2_ratio=1.5, excess_co2_grams=1e6)
    lax = Thresholds.model_validate({"carbon": {"ratio": {"medium": 1.1}}})
    strict = Thresholds.model_validate({"carbon": {"ratio": {"medium": 1.1, "high": 1.2}}})
    (was, words), (now, same_words) = judge_severity(facts, lax), judge_severity(facts, strict)
    assert (was, now) == ("medium", "high")
    assert words == same_words


def test_people_read_it_in_one_line() -> None:
    written = samples.report().model_copy(update={"provenance": Provenance.model_validate(MADE)})
    (line,) = [line for line in render_markdown(written).splitlines() if line.startswith("Made by")]
    told = (
        f"Made by SpikeTrace 0.1.0 (code c), profile {written.profile} (p), policy y, factors f, grid yearly, words t."
    )
    assert line.replace("\\", "") == told
    assert "Made by" not in render_markdown(samples.report())
