"""Everything that goes wrong in the shop's day, investigated on every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluation.grounding.measure import kept_of
from tests.investigation import timeline
from tests.investigation.conftest import Investigations, investigate
from tests.investigation.refusing import refusing
from tests.investigation.rules import check_figures, check_text, gaps
from tests.investigation.shop import DEPLOYMENTS, INCIDENTS, LOGS, METRICS, Action, Place
from tests.investigation.timeline import ALERTS, EU, HOSTILE, LAB, US
from worker.agent.grounding.report.facts import known_of
from worker.domain.report import CauseKind, Quantity, Report, RootCause, Verdict
from worker.domain.severity import Severity
from worker.domain.window import iso
from worker.investigate import Investigator
from worker.known import Knowledge
from worker.replay.selection import known_by
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

ONSET_TOLERANCE = timedelta(minutes=3)
BAD_DEPLOYMENT = [name for name in ALERTS if name.startswith("bad deployment")]
WHAT_IS_MISSING = {METRICS: "Metrics", LOGS: "Logs", DEPLOYMENTS: "Deployments", INCIDENTS: "Past incidents"}
QUIET_ALERTS = [
    "daily peak",
    "daily peak, region first",
    "quiet",
    "quiet, unknown group",
    "collector catching up",
]
HOSTILE_ALERTS = [name for name in ALERTS if name.startswith("hostile name")]


def cause_of(report: Report) -> RootCause:
    assert report.verdict is Verdict.ROOT_CAUSE, report.sections.overview
    assert report.root_cause
    return report.root_cause


def known(quantity: Quantity | None) -> Quantity:
    assert quantity
    assert quantity.low <= quantity.likely <= quantity.high
    return quantity


def excess_of(report: Report) -> Quantity:
    return known(report.impact.carbon.excess_co2_grams)


def lasting(report: Report) -> dict[str, Any]:
    """All that two runs have in common."""
    return report.model_dump(exclude={"timings", "created_at", "known_by"})


@pytest.mark.parametrize("name", BAD_DEPLOYMENT)
def test_a_bad_deployment_is_found_however_the_alert_asks(reports: Investigations, name: str) -> None:
    report = reports[name]
    cause = cause_of(report)
    assert (cause.kind, cause.service, cause.region) == (CauseKind.DEPLOYMENT, "checkout", US)
    assert (cause.deployment_id, cause.version) == (timeline.BAD_DEPLOYMENT, "2.3.0")
    assert cause.error_type == "PoolTimeoutError"
    assert cause.onset
    assert abs(cause.onset - timeline.BAD_SINCE) <= ONSET_TOLERANCE
    assert report.window.start <= cause.onset
    assert report.severity in {Severity.HIGH, Severity.CRITICAL}
    assert timeline.BAD_DEPLOYMENT in report.sections.recommendations[0]
    assert "2.2.9" in report.sections.recommendations[0]


@pytest.mark.parametrize("name", BAD_DEPLOYMENT)
def test_the_excess_of_a_bad_deployment_is_what_was_injected(reports: Investigations, name: str) -> None:
    report = reports[name]
    actual, usual = reports.shop.emitted(report.window, report.service, report.region)
    injected = actual - usual
    excess = excess_of(report)
    assert injected > 0.3 * actual
    assert excess.low <= injected <= excess.high or abs(excess.likely - injected) <= 0.1 * injected
    assert excess.high - excess.low < injected
    assert known(report.impact.compute.excess_vcpu_hours).likely > 0
    assert known(report.impact.users.requests_failed).likely > 0


def test_past_incidents_price_a_bad_deployment(reports: Investigations) -> None:
    """Those of the same service and region cost 1.5 to 2 orders and 90 to 100 dollars a minute."""
    report = reports["bad deployment, by service"]
    business, minutes = report.impact.business, report.window.minutes
    orders, revenue = known(business.orders_affected), known(business.revenue_lost_usd)
    assert business.source == "estimated"
    assert [orders.low / minutes, orders.high / minutes] == pytest.approx([1.5, 2.0])
    assert [revenue.low / minutes, revenue.high / minutes] == pytest.approx([90, 100])
    assert len(report.similar_incidents) == 2


def test_an_innocent_deployment_is_named_and_not_blamed(reports: Investigations) -> None:
    report = reports["bad deployment, by service"]
    assert all(one.deployment_id != timeline.INNOCENT_DEPLOYMENT for one in report.candidates)
    said = report.sections.deployment_correlation
    assert timeline.INNOCENT_DEPLOYMENT in said
    assert "no worse" in said or "no deviation" in said
    innocent = next(one for one in report.candidates if one.service == "search")
    assert innocent.confidence < 0.1
    assert innocent.against
    assert "no deviation" in innocent.against


@pytest.mark.parametrize("name", list(ALERTS))
def test_emissions_are_those_of_exactly_the_window_and_scope(reports: Investigations, name: str) -> None:
    report = reports[name]
    assert report.window.end == ALERTS[name].date
    assert report.baseline.end <= report.window.start
    actual, _ = reports.shop.emitted(report.window, report.service, report.region)
    assert known(report.impact.carbon.actual_co2_grams).likely == pytest.approx(actual, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "region", "since", "error"),
    [
        ("dependency", EU, timeline.OUTAGE_SINCE, "DiskFullError"),
        ("silent dependency", US, timeline.SILENT_SINCE, None),
    ],
)
def test_what_callers_suffer_from_is_their_dependency(
    reports: Investigations, name: str, region: str, since: Any, error: str | None
) -> None:
    report = reports[name]
    cause = cause_of(report)
    assert (cause.kind, cause.service, cause.region) == (CauseKind.DEPENDENCY, "ledger", region)
    assert (cause.deployment_id, cause.error_type) == (None, error)
    assert cause.onset
    assert abs(cause.onset - since) <= ONSET_TOLERANCE
    assert (report.service, report.region) == ("payments", region)
    assert "ledger" in report.sections.recommendations[0]


def test_work_without_errors_is_a_matter_of_resources(reports: Investigations) -> None:
    report = reports["cpu"]
    cause = cause_of(report)
    assert (cause.kind, cause.service, cause.region) == (CauseKind.RESOURCE, "search", US)
    assert (cause.deployment_id, cause.error_type) == (None, None)
    assert cause.onset
    assert abs(cause.onset - timeline.CPU_SINCE) <= ONSET_TOLERANCE
    actual, usual = reports.shop.emitted(report.window, report.service, report.region)
    excess = excess_of(report)
    assert excess.low <= actual - usual <= excess.high


def test_errors_of_its_own_are_a_services_own(reports: Investigations) -> None:
    report = reports["errors"]
    cause = cause_of(report)
    assert (cause.kind, cause.service, cause.region) == (CauseKind.ERROR, "search", EU)
    assert (cause.error_type, cause.deployment_id) == ("CouponParseError", None)
    assert cause.onset
    assert abs(cause.onset - timeline.ERRORS_SINCE) <= ONSET_TOLERANCE
    assert "No deployment" in report.sections.deployment_correlation


@pytest.mark.parametrize(
    ("name", "place"), [("surge", Place("frontend", US)), ("surge of an even service", timeline.KIOSK)]
)
def test_demand_is_nobodys_fault(reports: Investigations, name: str, place: Place) -> None:
    report = reports[name]
    if report.verdict is not Verdict.NOT_CONFIRMED:
        cause = cause_of(report)
        assert (cause.kind, cause.service, cause.region) == (CauseKind.TRAFFIC, place.service, place.region)
    assert report.severity is Severity.LOW


def test_demand_at_the_usual_cost_is_no_excess(reports: Investigations) -> None:
    report = reports["surge"]
    excess, actual = excess_of(report), known(report.impact.carbon.actual_co2_grams).likely
    assert max(abs(excess.low), abs(excess.high)) < 0.1 * actual


@pytest.mark.parametrize("name", QUIET_ALERTS)
def test_the_usual_is_not_confirmed(reports: Investigations, name: str) -> None:
    report = reports[name]
    assert report.verdict is Verdict.NOT_CONFIRMED, report.sections.overview
    assert report.severity is Severity.LOW
    assert report.root_cause is None
    excess, actual = excess_of(report), known(report.impact.carbon.actual_co2_grams).likely
    assert excess.low <= 0.02 * actual
    assert excess.high >= -0.02 * actual


@pytest.mark.parametrize("name", ["quiet, unknown group", "bad deployment, unknown group"])
def test_a_name_without_telemetry_is_a_gap(reports: Investigations, name: str) -> None:
    assert "no-such-service" in gaps(reports[name])


def test_a_region_that_no_table_knows_is_a_gap(reports: Investigations) -> None:
    report = reports["region without factors"]
    cause = cause_of(report)
    assert (cause.kind, cause.service, cause.region) == (CauseKind.RESOURCE, LAB.service, LAB.region)
    assert LAB.region in gaps(report)
    assert report.impact.compute.excess_vcpu_hours is None
    assert report.impact.compute.excess_cost_usd is None
    assert excess_of(report).low > 0


@pytest.mark.parametrize("name", ["contradictory emissions", "negative emissions"])
def test_emissions_that_cannot_be_true_are_a_gap(reports: Investigations, name: str) -> None:
    report = reports[name]
    assert any("mission" in gap.what and str(report.service) in gap.what for gap in report.gaps), gaps(report)


@pytest.mark.parametrize("name", HOSTILE_ALERTS)
def test_names_go_through_as_they_are(reports: Investigations, name: str) -> None:
    place = HOSTILE[name.removeprefix("hostile name: ")]
    report = reports[name]
    cause = cause_of(report)
    assert (cause.kind, cause.service, cause.region) == (CauseKind.RESOURCE, place.service, place.region)
    assert (report.service, report.region) == (place.service, place.region)


@pytest.mark.parametrize("name", ["bad deployment, by service", "dependency", "quiet"])
def test_two_runs_find_the_same(reports: Investigations, name: str) -> None:
    assert lasting(reports.investigate(ALERTS[name])) == lasting(reports[name])


def _later() -> list[Action]:
    """What was not known when the alert fired: from its very moment on."""
    actions: list[Action] = []
    for minutes in (0, 1, 30):
        at = timeline.END + timedelta(minutes=minutes)
        stamp = {"@timestamp": iso(at), "service": "checkout", "region": US}
        deployed = timeline.deployment(at, "checkout", US, f"deploy-later-{minutes}", "9.9.9")
        grams = {"estimated_co2_grams": 5000.0, "emissions_kg_co2e": 7.0, "requests_per_min": 1e6, "cpu_pct": 99.0}
        failed = {"level": "ERROR", "message": "search, ledger and payments are gone", "error_type": "LaterError"}
        cost = {"title": "checkout: the bill", "orders_affected": 1000, "revenue_lost_usd": 1e6, "duration_minutes": 5}
        actions += [(DEPLOYMENTS, deployed), (METRICS, stamp | grams), (INCIDENTS, stamp | cost)]
        actions += [(LOGS, stamp | failed | {"retry": True, "latency_ms": 9e5}) for _ in range(20)]
    return actions


def test_what_came_later_changes_nothing(reports: Investigations) -> None:
    name = "bad deployment, by service"
    before = lasting(reports[name])
    with reports.planted(_later()):
        assert lasting(reports.investigate(ALERTS[name])) == before


def test_recorded_business_figures_go_before_estimates(reports: Investigations) -> None:
    at = iso(timeline.BAD_SINCE + timedelta(minutes=5))
    recorded = {"@timestamp": at, "title": "checkout", "service": "checkout", "region": US, "orders_affected": 17}
    with reports.planted([(INCIDENTS, recorded)]):
        report = reports.investigate(ALERTS["bad deployment, by service"])
    assert report.impact.business.source == "recorded"
    assert known(report.impact.business.orders_affected).likely == 17
    (told,) = next(item.result["recorded"] for item in report.evidence if item.title == "Incidents known by then")
    assert (told["orders_affected"], told["at"]) == (17, at)
    assert report.impact.business.revenue_lost_usd is None
    assert "evenue" in gaps(report)


FOREIGN_DOCUMENTS: dict[str, Action] = {
    "an incident dated by a number": (INCIDENTS, {"@timestamp": 1_772_000_000_000, "service": "checkout"}),
    "an incident of several services": (
        INCIDENTS,
        {"@timestamp": "2026-03-01T10:00:00Z", "service": ["checkout", "search"], "region": [US], "title": ["a", "b"]},
    ),
    "an incident with words for figures": (
        INCIDENTS,
        {
            "@timestamp": "2026-03-01T10:00Z",
            "service": "checkout",
            "region": US,
            "orders_affected": "many",
            "duration_minutes": "long",
            "tags": "late, slow",
            "status": 3,
        },
    ),
    "an incident dated by the month": (INCIDENTS, {"@timestamp": "2026-03", "title": "checkout", "service": None}),
    "a deployment dated by a number": (
        DEPLOYMENTS,
        {"@timestamp": 1_773_326_000_000, "service": "checkout", "region": US, "deployment_id": 8801, "version": 2},
    ),
    "a deployment dated to the nanosecond": (
        DEPLOYMENTS,
        {"@timestamp": "2026-03-12T14:33:20.123456789Z", "service": "checkout", "deployment_id": "deploy-8802"},
    ),
}


@pytest.mark.parametrize("what", list(FOREIGN_DOCUMENTS))
def test_documents_of_others_do_not_stop_an_investigation(reports: Investigations, what: str) -> None:
    with reports.planted([FOREIGN_DOCUMENTS[what]]):
        cause = cause_of(reports.investigate(ALERTS["bad deployment, by service"]))
    assert (cause.service, cause.deployment_id) == ("checkout", timeline.BAD_DEPLOYMENT)


def test_letters_that_only_look_like_a_name_do_not_stop_an_investigation(reports: Investigations) -> None:
    """A long s is an s to a pattern that ignores case, and another letter to everything else."""
    at = timeline.BAD_SINCE
    line = {
        "service": "checkout",
        "region": US,
        "level": "ERROR",
        "error_type": "Odd",
        "message": "call to \u017fearch",
    }
    lines = [(LOGS, line | {"@timestamp": iso(at + timedelta(seconds=20 * number))}) for number in range(30)]
    with reports.planted(lines):
        cause = cause_of(reports.investigate(ALERTS["bad deployment, by service"]))
    assert cause.service == "checkout"


@pytest.mark.parametrize("name", list(ALERTS))
def test_every_report_keeps_to_the_rules_of_its_text(reports: Investigations, name: str) -> None:
    check_text(reports[name])


@pytest.mark.parametrize("name", list(ALERTS))
def test_every_figure_that_is_not_given_has_its_reason(reports: Investigations, name: str) -> None:
    check_figures(reports[name])


@pytest.mark.parametrize("name", ["bad deployment, by service", "dependency", "quiet", "hostile name: quotes"])
def test_every_query_in_evidence_can_be_sent_again(reports: Investigations, name: str) -> None:
    for evidence in reports[name].evidence:
        answer = reports.client.search(index=evidence.index, body=evidence.query)
        assert answer["hits"]["total"]["value"] > 0, evidence.title
        assert evidence.result


@pytest.mark.parametrize("index", [[METRICS], [LOGS], [DEPLOYMENTS], [INCIDENTS], [METRICS, LOGS]])
def test_a_report_is_delivered_without_what_was_refused(reports: Investigations, index: list[str]) -> None:
    report = investigate(refusing(reports.client, index), ALERTS["bad deployment, by service"])
    for one in index:
        assert WHAT_IS_MISSING[one] in {gap.what for gap in report.gaps}
        assert "no such index" in gaps(report)
    check_text(report)
    check_figures(report)
    if METRICS in index and LOGS in index:
        assert report.verdict is Verdict.INCONCLUSIVE
        assert "not excluded" in report.sections.overview
    if index == [DEPLOYMENTS]:
        assert report.candidates[0].service == "checkout"
        assert report.candidates[0].deployment_id is None
        assert "could not be read" in report.sections.deployment_correlation
    if index == [INCIDENTS]:
        assert cause_of(report).deployment_id == timeline.BAD_DEPLOYMENT


def test_a_report_is_delivered_without_the_second_wave(reports: Investigations) -> None:
    report = investigate(refusing(reports.client, [LOGS], wave=2), ALERTS["bad deployment, by service"])
    assert cause_of(report).service == "checkout"
    assert {"Error types", "Logs by deployment", "Latency quantiles"} <= {gap.what for gap in report.gaps}
    check_text(report)
    check_figures(report)


# --- the same alert again, later


REPLAYED = ["bad deployment, by service", "dependency", "quiet"]
EARLIER = timeline.BAD_SINCE - timedelta(days=2)


def _ours(number: int, *, opened: datetime, began: datetime = EARLIER, **more: Any) -> dict[str, Any]:
    """An incident of ours as it is stored; `opened` is when it was written."""
    return {
        "@timestamp": iso(began),
        "incident_id": f"inc-{number}",
        "title": f"checkout: pool exhausted, {number}",
        "summary": "Errors of the pool in checkout.",
        "service": "checkout",
        "region": US,
        "tags": ["spiketrace", "deployment"],
        "status": "open",
        "alert_ids": [f"other-{number}"],
        "history": [{"at": iso(opened), "event": "opened", "reason": "Alert"}],
        **more,
    }


def _learned_later(of: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The same incident when it was given another cause, was joined by the alert itself, and has ended."""
    was = {"title": of["title"], "summary": of["summary"]}
    entries = [
        {"at": iso(now), "event": "joined", "reason": "Alert a1"},
        {"at": iso(now), "event": "cause", "reason": "found", "was": was},
        {"at": iso(now), "event": "resolved", "reason": "over"},
    ]
    return of | {
        "title": "search: something else altogether",
        "summary": "Nothing that resembles it.",
        "status": "resolved",
        "alert_ids": [*of["alert_ids"], "a1"],
        "resolved_at": iso(EARLIER + timedelta(hours=1)),
        "history": [*of["history"], *entries],
    }


def _again(reports: Investigations, name: str, original: Report) -> Report:
    investigator = Investigator(ElasticTelemetry(reports.client, load_profile("spiketrace")))
    return investigator(ALERTS[name], "a1", Knowledge(by=known_by(original.model_dump(mode="json"))))


def test_an_incident_that_is_opened_while_it_runs_is_not_seen_today_nor_when_it_is_made_again(
    reports: Investigations,
) -> None:
    """With several alerts at once, another worker opens one between the beginning and the reading of incidents."""
    meanwhile = [_ours(number, opened=datetime.now(UTC)) for number in range(3)]
    alone = reports.investigate(ALERTS["bad deployment, by service"])
    with reports.planted([(INCIDENTS, one) for one in meanwhile]):
        original = reports.investigate(ALERTS["bad deployment, by service"])
        again = _again(reports, "bad deployment, by service", original)
    assert original.similar_incidents == alone.similar_incidents
    assert again.evidence == original.evidence


@pytest.mark.parametrize("name", REPLAYED)
def test_a_replay_finds_the_same_byte_for_byte_whatever_came_later(reports: Investigations, name: str) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    known = [_ours(number, opened=yesterday) for number in range(3)]
    with reports.planted([(INCIDENTS, one) for one in known]):
        original = reports.investigate(ALERTS[name])
    later = datetime.now(UTC) + timedelta(seconds=1)
    changed = [_learned_later(known[0], later), *known[1:]]
    new = [_ours(number, opened=later, began=timeline.BAD_SINCE - timedelta(hours=number)) for number in range(7, 12)]
    with reports.planted([*((INCIDENTS, one) for one in [*changed, *new]), *_later()]):
        again = _again(reports, name, original)
        knowing_more = reports.investigate(ALERTS[name])
    assert original.provenance is not None
    assert again.model_dump_json(exclude={"timings", "created_at"}) == original.model_dump_json(
        exclude={"timings", "created_at"}
    )
    if original.service == "checkout":
        assert original.similar_incidents != knowing_more.similar_incidents


def test_the_templates_text_rests_on_what_the_report_holds(reports: Investigations) -> None:
    """The grounding that is for a model's words, on ours: the shipped reports of evaluation/grounding are such ones."""
    kept = [kept_of(name, known_of(reports[name])) for name in [*ALERTS][::3]]
    assert sum(one.kept for one in kept) >= 0.95 * sum(one.claims for one in kept)
