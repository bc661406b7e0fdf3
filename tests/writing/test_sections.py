"""What is said of small, clear cases: the right cause, with its figures and evidence, and no empty phrase."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.writing.cases import ONSET, SHOPS, US, Told, tell, told
from worker.analysis.deviation import Deviation
from worker.domain.evidence import EvidenceLog
from worker.domain.report import CauseKind, Quantity, Verdict
from worker.domain.severity import Severity
from worker.domain.telemetry import Detail, Scope
from worker.findings import gather
from worker.writing.figures import clock, count, percent
from worker.writing.sections import write

EVERY_SHOP = pytest.mark.parametrize("name", SHOPS)
CITED = re.compile(r"\be\d+\b")


def section_texts(one: Told) -> dict[str, str]:
    sections = one.report.sections
    texts = {name: value for name, value in sections.model_dump().items() if isinstance(value, str)}
    return texts | {f"recommendation {number}": text for number, text in enumerate(sections.recommendations)}


def candidate_texts(one: Told) -> list[str]:
    return [text for each in one.report.candidates for text in (each.reason, each.against, each.check) if text]


def everything_said(one: Told) -> str:
    gaps = [text for gap in one.report.gaps for text in (gap.what, gap.reason, gap.effect)]
    return "\n".join([one.report.headline, *section_texts(one).values(), *candidate_texts(one), *gaps])


# --- every case


@EVERY_SHOP
def test_every_section_says_something(name: str) -> None:
    one = told(name)
    assert all(text.strip() for text in section_texts(one).values())
    assert one.report.sections.recommendations
    assert one.report.headline.strip()


@EVERY_SHOP
def test_nothing_that_only_a_program_would_say(name: str) -> None:
    said = everything_said(told(name))
    assert not re.search(r"\b(None(?!: the)|nan|inf|True|False|[a-z]+_[a-z_]+)\b|  |\.\.|[{}]|\( |,,|;;|: \.", said)
    assert not re.search(r"-0(?![.\d])|\d[eE][+-]?\d", said)


@EVERY_SHOP
def test_sentences_begin_and_end(name: str) -> None:
    for text in section_texts(told(name)).values():
        assert re.match(r"[\dA-Za-z]", text)
        assert text.endswith(".")


@EVERY_SHOP
def test_what_is_cited_exists(name: str) -> None:
    one = told(name)
    known = {evidence.id for evidence in one.report.evidence}
    cited = {
        number
        for text in section_texts(one).values()
        for part in re.findall(r"\[[^\]]*\]", text)
        for number in CITED.findall(part)
    }
    assert cited | {number for each in one.report.candidates for number in each.evidence} <= known


@EVERY_SHOP
def test_the_opening_is_short_and_names_the_scope(name: str) -> None:
    overview = told(name).report.sections.overview
    assert len(re.sub(r" \[[e\d ]+\]", "", overview).split()) <= 60
    assert str(told(name).case.scope) in overview


@EVERY_SHOP
def test_the_headline_is_the_opening_without_its_citations(name: str) -> None:
    report = told(name).report
    assert "[" not in report.headline
    assert re.sub(r" \[[e\d ]+\]", "", report.sections.overview).startswith(report.headline)


@EVERY_SHOP
def test_a_report_is_json_without_numbers_that_json_does_not_know(name: str) -> None:
    json.dumps(told(name).report.model_dump(mode="json"), allow_nan=False)


@EVERY_SHOP
def test_a_window_without_an_onset_is_the_rules(name: str) -> None:
    one = told(name)
    assert one.report.window.start == (one.case.onset or one.report.window.start)
    assert one.report.window.end == one.report.timestamp


# --- verdicts and causes


@pytest.mark.parametrize(
    ("name", "verdict", "kind", "service"),
    [
        ("deployment", Verdict.ROOT_CAUSE, CauseKind.DEPLOYMENT, "checkout"),
        ("dependency", Verdict.ROOT_CAUSE, CauseKind.DEPENDENCY, "payments"),
        ("recorded", Verdict.ROOT_CAUSE, CauseKind.DEPENDENCY, "payments"),
        ("resource", Verdict.ROOT_CAUSE, CauseKind.RESOURCE, "search"),
        ("surge", Verdict.ROOT_CAUSE, CauseKind.TRAFFIC, "checkout"),
        ("rivals", Verdict.INCONCLUSIVE, None, None),
        ("quiet", Verdict.NOT_CONFIRMED, None, None),
        ("silent", Verdict.INCONCLUSIVE, None, None),
    ],
)
def test_verdict_and_cause(name: str, verdict: Verdict, kind: CauseKind | None, service: str | None) -> None:
    report = told(name).report
    assert report.verdict is verdict
    cause = report.root_cause
    assert (cause.kind if cause else None, cause.service if cause else None) == (kind, service)


def test_a_cause_that_is_no_services_is_told_of_the_region() -> None:
    report = told("rivals").report
    assert report.candidates[0].service is None
    assert report.sections.recommendations[0].startswith(f"{US}: The sources of the additional requests")


def test_what_a_region_should_emit_for_its_requests_is_called_that() -> None:
    assert "expected for the requests that came" in told("rivals").report.sections.carbon_compute_impact


@pytest.mark.parametrize("name", ["deployment", "dependency", "resource", "surge"])
def test_the_onset_is_told(name: str) -> None:
    report = told(name).report
    assert report.root_cause is not None
    assert report.root_cause.onset is not None
    assert abs((report.root_cause.onset - ONSET).total_seconds()) <= 120
    assert clock(report.root_cause.onset) in report.sections.overview


def test_severities_follow_what_people_feel() -> None:
    assert told("deployment").report.severity.at_least(Severity.HIGH)
    assert told("surge").report.severity is Severity.LOW
    assert told("quiet").report.severity is Severity.LOW


# --- each section


def test_a_deployment_is_named_with_its_version_and_rolled_back_to_the_one_before() -> None:
    sections = told("deployment").report.sections
    for text in (sections.overview, sections.deployment_correlation):
        assert "deploy-2" in text
        assert "2.0" in text
        assert "4 min before the onset" in text
    assert sections.recommendations[0].startswith("Roll back deploy-2 (checkout in us-central1) to version 1.9")


def test_a_dependency_is_to_be_repaired_before_its_callers() -> None:
    sections = told("dependency").report.sections
    assert "100 % of checkout's new errors name it" in sections.overview
    assert sections.recommendations[0].startswith("Take payments in us-central1 in hand first")


def test_no_deployment_is_said_so() -> None:
    said = told("resource").report.sections.deployment_correlation
    assert said.startswith("No deployment or other change is recorded in the two hours before the onset")


def test_slow_requests_are_told_with_what_is_usual() -> None:
    said = told("slow").report.sections.user_impact
    assert re.search(
        r"p95 latency: 360 ms, before 120 ms \[e\d\]; [\d,]+ .*more requests than usual were slower than 120 ms", said
    )


def test_as_fast_as_ever_nobody_was_slowed() -> None:
    said = told("deployment").report.sections.user_impact
    assert "p95 latency: 120 ms, before 120 ms" in said
    assert "slower" not in said


def test_changes_of_others_are_told_where_they_are_near_and_not_where_they_are_not() -> None:
    said = told("slow").report.sections.deployment_correlation
    assert "deploy-77" in said
    assert "13:06 UTC" in said or "40 min before the onset" in said
    assert "deploy-78" not in said
    assert "itself shows no deviation" in said
    assert "deploy-77" not in told("slow").report.sections.overview


def test_a_surge_is_nobodys_fault() -> None:
    report = told("surge").report
    assert "nothing is broken" in report.sections.overview
    assert "within the expectation's range" in report.sections.carbon_compute_impact
    assert not any("Roll back" in text for text in report.sections.recommendations)


def test_a_quiet_alert_says_what_is_usual_and_what_threshold_would_be_silent() -> None:
    sections = told("quiet").report.sections
    assert sections.overview.startswith(
        "Not an incident: CO₂ of checkout, us-central1 is 4.9 g/min; 4.9 g/min is usual"
    )
    assert "The threshold of 3 is below" in sections.overview
    assert sections.business_impact == "No loss: the spike was not confirmed."


@pytest.mark.parametrize(
    ("actual", "excess", "said"),
    [
        (181.4, (-5.0, -2.8, 0.0), "less than that, so there is no excess"),
        (188.0, (0.0, 3.8, 6.1), "the excess of 3.8 gCO₂e (0 to 6.1) may be none"),
        (184.0, (-2.4, -0.2, 2.1), "the difference is within the expectation's range"),
    ],
)
def test_what_is_no_excess_is_told_by_where_it_lies(
    actual: float, excess: tuple[float, float, float], said: str
) -> None:
    story = told("quiet").story
    low, likely, high = excess
    carbon = story.impact.carbon.model_copy(
        update={
            "actual_co2_grams": Quantity(low=actual, likely=actual, high=actual),
            "expected_co2_grams": Quantity(low=181.9, likely=184.2, high=186.4),
            "excess_co2_grams": Quantity(low=low, likely=likely, high=high),
        }
    )
    _, sections = write(replace(story, impact=story.impact.model_copy(update={"carbon": carbon})))
    assert said in sections.carbon_compute_impact


def test_what_too_few_lines_of_one_part_tell_is_told_of_that_part_with_its_evidence() -> None:
    story = told("quiet").story
    assert story.case.reading
    elsewhere = Scope("checkout", "europe-west1")
    deviation = Deviation("latency", 2.0, 775.0, 133.0, 9.0)
    doubtful = replace(story.case.reading, scope=elsewhere, deviations={"latency": deviation})
    case, log = replace(story.case, signal="latency", doubtful=doubtful), EvidenceLog()
    cite = gather(case, Detail({}, {}, {}), log)
    _, sections = write(replace(story, case=case, cite=cite, verdict=Verdict.INCONCLUSIVE))
    said = re.search(
        r"latency 775 ms on average \(usually 133 ms\) in checkout, europe-west1 \[(e\d+)\]", sections.overview
    )
    assert said
    (evidence,) = [one for one in log.items if one.id == said[1]]
    assert evidence.title.startswith(f"{elsewhere}: ")
    assert evidence.result["latency"]["actual"] == 775


def test_silence_of_the_telemetry_is_no_all_clear() -> None:
    report = told("silent").report
    assert report.sections.overview.startswith("No verdict on checkout, us-central1")
    assert report.sections.user_impact.startswith("Not known")
    assert report.sections.carbon_compute_impact.startswith("Not known")
    assert {gap.what for gap in report.gaps} >= {"Carbon of checkout, us-central1", "Requests of checkout, us-central1"}


def test_deployments_that_were_not_read_are_not_excluded() -> None:
    report = told("unread").report
    assert report.sections.deployment_correlation == (
        "Deployments could not be read (index is closed), so a bad deployment is not excluded."
    )
    assert "No deployment" not in everything_said(told("unread"))
    assert any(gap.what == "Deployments" and gap.reason == "index is closed" for gap in report.gaps)


def test_deployments_that_were_read_in_part_are_told_and_others_not_excluded() -> None:
    shop = SHOPS["deployment"]()
    shop.unread = {"changes": "of 2 clusters these did not answer, or not whole: far"}
    found = tell(shop).report
    said = found.sections.deployment_correlation
    assert said.startswith(told("deployment").report.sections.deployment_correlation)
    assert said.endswith("so another one is not excluded.")
    (gap,) = [gap for gap in found.gaps if gap.what == "Deployments"]
    assert gap.effect == "a bad deployment among those that were not read is not excluded"


def test_what_is_recorded_is_not_called_an_estimate() -> None:
    said = told("recorded").report.sections.business_impact
    assert said.startswith("31 orders affected and $1,519 of revenue lost, as recorded in the incidents index")
    assert "stimat" not in said


# --- figures agree with what they are of


@pytest.mark.parametrize("name", ["deployment", "dependency"])
def test_the_share_of_failing_requests_is_one_figure(name: str) -> None:
    one = told(name)
    errors, requests = one.case.deviation("errors"), one.story.requests
    assert errors is not None
    assert requests is not None
    assert requests.failed_share == pytest.approx(errors.actual, abs=0.005)
    assert percent(errors.actual) in one.report.sections.overview
    assert percent(requests.failed_share) in one.report.sections.user_impact


@pytest.mark.parametrize("name", ["deployment", "resource"])
def test_excess_is_told_with_its_range_and_what_it_stands_for(name: str) -> None:
    one = told(name)
    excess, cost = one.report.impact.carbon.excess_co2_grams, one.report.impact.compute.excess_cost_usd
    assert excess is not None
    assert cost is not None
    said = one.report.sections.carbon_compute_impact
    assert f"Excess: {count(excess.likely)} gCO₂e ({count(excess.low)} to {count(excess.high)})" in said
    assert f"${count(cost.likely)}" in said
    assert "estimated" in said


def test_sampled_failures_are_called_an_estimate() -> None:
    assert "estimated from the sampled log" in told("deployment").report.sections.user_impact


def test_a_sum_that_holds_a_pause_is_told_as_one() -> None:
    one = told("caught_up")
    said = "No sample of checkout in us-central1 came between 13:31 UTC and 13:52 UTC"
    assert one.report.verdict is Verdict.NOT_CONFIRMED
    assert said in one.report.headline
    assert said in one.report.sections.overview
    assert "in 10 min and the preceding pause" in one.report.sections.carbon_compute_impact
    assert "between 13:31 UTC and 13:52 UTC" in one.report.sections.recommendations[0]
    assert "pause" not in everything_said(told("quiet"))
