"""The demo shop's telemetry: what the contract promises of it, and what makes it a fair test."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
import pytest

from demo.logs import error_share
from demo.services import REGIONS, SERVICES, scopes
from demo.shop import CARBON_INDEX, DEPLOYMENTS_INDEX, INCIDENTS_INDEX, LOGS_INDEX, Shop, generate, load, open_shop
from demo.signals import MINUTES, rhythm
from demo.truth import Truth, TruthEntry
from tests.demo.conftest import NOW, SEED, Documents
from tests.engines.servers import Engine
from worker.domain.window import iso, parse_time

METRIC_FIELDS = {
    "@timestamp", "service", "region", "cloud", "cpu_pct", "memory_pct", "requests_per_min",
    "estimated_co2_grams", "emissions_kg_co2e", "deployment_id",
}  # fmt: skip
LOG_FIELDS = {
    "@timestamp", "service", "region", "level", "message", "error_type", "deployment_id", "retry", "latency_ms",
}  # fmt: skip
DEPLOYMENT_FIELDS = {"@timestamp", "service", "region", "deployment_id", "version", "status"}
INCIDENT_FIELDS = {
    "@timestamp", "title", "summary", "service", "region", "tags", "severity", "status", "duration_minutes",
    "wasted_co2_grams", "wasted_emissions_kg_co2e", "orders_affected", "revenue_lost_usd",
}  # fmt: skip


def entry(truth: Truth, entry_id: str) -> TruthEntry:
    return next(item for item in truth.entries if item.id == entry_id)


def within(document: dict[str, object], start: datetime, end: datetime) -> bool:
    return iso(start) <= str(document["@timestamp"]) < iso(end)


class TestContract:
    def test_fields(self, by_index: Documents) -> None:
        assert {frozenset(item) for item in by_index[CARBON_INDEX]} == {frozenset(METRIC_FIELDS)}
        assert {frozenset(item) for item in by_index[LOGS_INDEX]} == {frozenset(LOG_FIELDS)}
        assert {frozenset(item) for item in by_index[DEPLOYMENTS_INDEX]} == {frozenset(DEPLOYMENT_FIELDS)}
        assert all(set(item) <= INCIDENT_FIELDS for item in by_index[INCIDENTS_INDEX])

    def test_two_days_up_to_now(self, by_index: Documents, shop: Shop) -> None:
        for index in (CARBON_INDEX, LOGS_INDEX):
            times = [parse_time(item["@timestamp"]) for item in by_index[index]]
            assert shop.clock.start <= min(times) < shop.clock.start + timedelta(minutes=10)
            assert shop.clock.now - timedelta(minutes=10) < max(times) < NOW

    def test_nothing_is_of_the_future(self, by_index: Documents) -> None:
        assert max(item["@timestamp"] for items in by_index.values() for item in items) < iso(NOW)

    def test_twelve_services_in_three_regions(self, by_index: Documents) -> None:
        seen = {(item["service"], item["region"]) for item in by_index[CARBON_INDEX]}
        assert len({service for service, _ in seen}) >= 12
        assert {region for _, region in seen} == set(REGIONS)
        assert seen == {(item["service"], item["region"]) for item in by_index[LOGS_INDEX]}

    def test_error_lines_have_a_type_and_others_none(self, by_index: Documents) -> None:
        assert all((item["level"] == "ERROR") == bool(item["error_type"]) for item in by_index[LOGS_INDEX])

    def test_no_placeholder_is_left_in_a_message(self, by_index: Documents) -> None:
        assert not [item["message"] for item in by_index[LOGS_INDEX] if "{" in item["message"] or not item["message"]]

    def test_messages_are_varied(self, by_index: Documents) -> None:
        messages = Counter(item["message"] for item in by_index[LOGS_INDEX])
        assert len(messages) > 0.6 * len(by_index[LOGS_INDEX])

    def test_deployment_ids_of_telemetry_are_of_known_deployments(self, by_index: Documents) -> None:
        known = {(item["service"], item["region"], item["deployment_id"]) for item in by_index[DEPLOYMENTS_INDEX]}
        for index in (CARBON_INDEX, LOGS_INDEX):
            assert {(item["service"], item["region"], item["deployment_id"]) for item in by_index[index]} <= known

    def test_a_deployment_id_is_of_one_rollout(self, by_index: Documents) -> None:
        scopes_of = defaultdict(set)
        for item in by_index[DEPLOYMENTS_INDEX]:
            scopes_of[item["deployment_id"]].add((item["service"], item["region"], item["version"]))
        assert {len(of) for of in scopes_of.values()} == {1}

    def test_it_stays_small_enough_for_the_embedded_engine(self, by_index: Documents) -> None:
        assert 90_000 < sum(len(items) for items in by_index.values()) < 115_000


class TestDeterminism:
    def test_the_same_for_the_same_seed_and_minute(self) -> None:
        first, again = (list(islice(generate(now, SEED), 5_000)) for now in (NOW, NOW - timedelta(seconds=20)))
        assert first == again

    def test_another_for_another_seed(self) -> None:
        first, other = (list(islice(generate(NOW, seed), 5_000)) for seed in (1, 2))
        assert first != other


class TestMass:
    def test_kilograms_are_the_same_mass(self, by_index: Documents) -> None:
        assert all(
            math.isclose(item["emissions_kg_co2e"] * 1000, item["estimated_co2_grams"], rel_tol=1e-3, abs_tol=1e-4)
            for item in by_index[CARBON_INDEX]
        )

    def test_a_missed_sample_s_mass_is_in_the_next_one(self, by_index: Documents, shop: Shop) -> None:
        sampled: dict[tuple[str, str], float] = defaultdict(float)
        last: dict[tuple[str, str], int] = {}
        for item in by_index[CARBON_INDEX]:
            scope = (item["service"], item["region"])
            sampled[scope] += item["estimated_co2_grams"]
            last[scope] = int((parse_time(item["@timestamp"]) - shop.clock.start).total_seconds() // 60)
        for service, region in scopes():
            emitted = shop.signals(service, region).co2_grams[: last[service.name, region.name]].sum()
            assert sampled[service.name, region.name] == pytest.approx(emitted, rel=1e-4)

    def test_some_samples_are_missing(self, by_index: Documents, shop: Shop) -> None:
        per_scope = Counter((item["service"], item["region"]) for item in by_index[CARBON_INDEX])
        assert all(0.97 < count / (MINUTES / 2) < 1 for count in per_scope.values())

    def test_a_quiet_request_costs_less_when_there_are_more(self, shop: Shop) -> None:
        """Idle machines emit as well: twice the requests are less than twice the CO₂."""
        signals = shop.signals(SERVICES["search"], REGIONS["europe-west1"])
        busy = signals.requests_per_min > np.quantile(signals.requests_per_min, 0.9)
        calm = signals.requests_per_min < np.quantile(signals.requests_per_min, 0.1)
        grams_per_request = signals.co2_grams / signals.requests_per_min
        assert grams_per_request[busy].mean() < 0.95 * grams_per_request[calm].mean()

    def test_the_daily_rhythm_swings_by_two_fifths(self) -> None:
        wednesday = datetime.fromisoformat("2026-11-25T00:00+00:00")
        for region in REGIONS.values():
            curve = rhythm(wednesday, region)
            assert 0.58 < curve.min() < 0.62
            assert 1.38 < curve.max() < 1.42

    def test_regions_peak_at_their_own_evening(self) -> None:
        wednesday = datetime.fromisoformat("2026-11-25T00:00+00:00")
        peaks = {name: int(rhythm(wednesday, region)[:1440].argmax()) // 60 for name, region in REGIONS.items()}
        assert peaks == {"us-central1": 2, "europe-west1": 19, "asia-east1": 12}


class TestLogsAreAFairSample:
    def test_the_share_of_error_lines_is_the_share_of_errors(self, by_index: Documents, shop: Shop) -> None:
        lines = Counter((item["service"], item["region"]) for item in by_index[LOGS_INDEX])
        failed = Counter((item["service"], item["region"]) for item in by_index[LOGS_INDEX] if item["level"] == "ERROR")
        for service, region in scopes():
            signals = shop.signals(service, region)
            expected = float(np.average(error_share(signals), weights=signals.requests_per_min))
            scope = (service.name, region.name)
            assert abs(failed[scope] - lines[scope] * expected) < 4.5 * math.sqrt(lines[scope] * expected) + 3, scope

    def test_the_lines_times_the_sampling_are_the_requests(self, by_index: Documents, shop: Shop) -> None:
        lines = Counter(item["service"] for item in by_index[LOGS_INDEX])
        for service in SERVICES.values():
            requests = sum(shop.signals(service, region).requests_per_min.sum() for region in service.regions)
            assert lines[service.name] * service.log_sampling == pytest.approx(requests, rel=0.1)

    def test_the_share_of_retries_is_the_share_of_lines_that_are(
        self, by_index: Documents, shop: Shop, truth: Truth
    ) -> None:
        bad = entry(truth, "bad-release")
        start, end = bad.start + timedelta(minutes=12), bad.end - timedelta(minutes=12)
        lines = [
            item["retry"]
            for item in by_index[LOGS_INDEX]
            if (item["service"], item["region"]) == ("checkout", "us-central1") and within(item, start, end)
        ]
        assert sum(lines) / len(lines) == pytest.approx(1.7 / 2.7, abs=0.2)


class TestRollouts:
    def test_both_versions_serve_in_the_same_minutes(self, by_index: Documents, truth: Truth) -> None:
        bad = entry(truth, "bad-release")
        rollout = [
            item
            for item in by_index[LOGS_INDEX]
            if (item["service"], item["region"]) == ("checkout", "us-central1")
            and within(item, bad.start, bad.start + timedelta(minutes=10))
        ]
        assert len({item["deployment_id"] for item in rollout}) == 2

    def test_the_bad_version_s_own_requests_fail_and_the_old_one_s_do_not(
        self, by_index: Documents, truth: Truth
    ) -> None:
        bad = entry(truth, "bad-release")
        lines = [
            item
            for item in by_index[LOGS_INDEX]
            if (item["service"], item["region"]) == ("checkout", "us-central1") and within(item, bad.start, bad.end)
        ]
        guilty = [item for item in lines if item["deployment_id"] == bad.deployment_id]
        others = [item for item in lines if item["deployment_id"] != bad.deployment_id]
        assert sum(item["error_type"] == "PoolTimeout" for item in guilty) > 0.2 * len(guilty)
        assert not [item for item in others if item["error_type"] == "PoolTimeout"]

    def test_a_configuration_has_no_documents_of_its_own_and_keeps_the_version(
        self, by_index: Documents, truth: Truth
    ) -> None:
        wrong = entry(truth, "wrong-configuration")
        changes = [item for item in by_index[DEPLOYMENTS_INDEX] if item["deployment_id"] == wrong.deployment_id]
        assert [(item["status"], item["version"]) for item in changes] == [("config", wrong.version)]
        assert wrong.deployment_id not in {item["deployment_id"] for item in by_index[LOGS_INDEX]}

    def test_a_release_is_recorded_at_its_start_and_at_its_end(self, by_index: Documents, truth: Truth) -> None:
        bad = entry(truth, "bad-release")
        records = [item for item in by_index[DEPLOYMENTS_INDEX] if item["deployment_id"] == bad.deployment_id]
        assert [item["status"] for item in records] == ["started", "succeeded"]

    def test_nothing_was_released_where_the_truth_names_no_release(self, by_index: Documents, truth: Truth) -> None:
        for quiet in (item for item in truth.entries if item.is_incident and not item.deployment_id):
            near = [
                item
                for item in by_index[DEPLOYMENTS_INDEX]
                if (item["service"], item["region"]) == (quiet.service, quiet.region)
                and within(item, quiet.start - timedelta(hours=2), quiet.end)
            ]
            assert near == [], quiet.id

    def test_innocent_releases_stand_beside_incidents(self, by_index: Documents, truth: Truth) -> None:
        decoys = [
            item
            for quiet in truth.entries
            if quiet.is_incident
            for item in by_index[DEPLOYMENTS_INDEX]
            if within(item, quiet.start - timedelta(minutes=30), quiet.start)
            and item["deployment_id"] != quiet.deployment_id
        ]
        assert len({item["deployment_id"] for item in decoys}) >= 4


class TestTruth:
    def test_at_least_six_kinds_of_things_are_hidden(self, truth: Truth) -> None:
        assert len([item for item in truth.entries if item.is_incident]) >= 6
        assert len([item for item in truth.entries if not item.is_incident]) >= 3

    def test_it_is_not_in_the_telemetry(self, by_index: Documents, truth: Truth) -> None:
        written = json.dumps([by_index[index] for index in (LOGS_INDEX, DEPLOYMENTS_INDEX, INCIDENTS_INDEX)])
        for item in truth.entries:
            assert item.id not in written
            assert item.sentence not in written
            assert item.title not in written

    def test_it_can_be_written_and_read_again(self, truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = tmp_path_factory.mktemp("truth") / "truth.json"
        truth.save(path)
        assert Truth.read(path) == truth

    def test_incidents_do_not_overlap_in_a_scope(self, truth: Truth) -> None:
        spans = [(scope, item.start, item.end) for item in truth.entries if item.is_incident for scope in item.affected]
        for scope, start, end in spans:
            assert [s for s, b, e in spans if s == scope and b < end and start < e] == [scope]

    def test_the_excess_of_a_resource_incident_is_work_per_request(self, shop: Shop, truth: Truth) -> None:
        runaway = entry(truth, "runaway-computation")
        signals = shop.signals(SERVICES["recommendations"], REGIONS["asia-east1"])
        first = int((runaway.start - shop.clock.start).total_seconds() // 60)
        before = signals.co2_grams[first - 40 : first].mean()
        during = signals.co2_grams[first + 5 : first + 40].mean()
        assert runaway.excess_co2_grams == pytest.approx((during - before) * 46, rel=0.2)
        assert signals.requests_per_min[first + 5 : first + 40].mean() == pytest.approx(
            signals.requests_per_min[first - 40 : first].mean(), rel=0.15
        )

    def test_what_is_nobody_s_fault_adds_nothing_or_only_demand(self, shop: Shop, truth: Truth) -> None:
        assert entry(truth, "collector-catching-up").total_excess_co2_grams == 0
        surge = entry(truth, "campaign-surge")
        signals = shop.signals(SERVICES["frontend"], REGIONS["us-central1"])
        first = int((surge.start - shop.clock.start).total_seconds() // 60)
        share = signals.retries_per_min[first : first + 50] / signals.requests_per_min[first : first + 50]
        assert share.max() < 0.01
        assert surge.total_excess_co2_grams > 0


def test_loading_writes_every_document_and_says_how_far_it_is(embedded_engine: Engine, shop: Shop) -> None:
    some = list(islice(generate(NOW, SEED), 6_000))
    batches: list[int] = []
    assert load(embedded_engine.url, some, progress=batches.append) == 6_000
    assert sum(batches) == 6_000


def test_loading_stops_at_a_document_that_is_refused(embedded_engine: Engine) -> None:
    bad = {"_index": "spiketrace-logs-demo", "_source": {"@timestamp": {"no": "date"}}}
    good = {"_index": "spiketrace-logs-demo", "_source": {"@timestamp": iso(NOW)}}
    with pytest.raises(RuntimeError, match="refused"):
        load(embedded_engine.url, [good, bad])


def test_now_in_another_zone_is_the_same_now() -> None:
    assert open_shop(NOW.astimezone(tz=None), SEED) == open_shop(NOW, SEED)
