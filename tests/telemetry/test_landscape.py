"""What all services did is read once for the alerts of a minute, and each gets what it would have got alone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch, helpers
from hypothesis import given
from hypothesis import strategies as st

from tests.engines.servers import Engine
from tests.investigation.refusing import refusing
from worker.domain.telemetry import Asked, Scope, Series, Survey
from worker.domain.window import Window, iso, parse_time
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.decode import Figures, log_series, metric_figures
from worker.telemetry.landscape import KEPT_SECONDS, MOST_KEPT, Landscape, Landscapes
from worker.telemetry.profiles import load_profile
from worker.telemetry.queries import WITHOUT_UNREAD
from worker.telemetry.search import ElasticTelemetry

MINUTE = parse_time("2026-03-09T10:00:00Z")
LATER = MINUTE + timedelta(seconds=40)
SERVICES = ("cart", "checkout")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def asked(index: str = "metrics") -> dict[str, Asked]:
    return {"metrics": Asked(index, {"size": 0}, Window(start=MINUTE, end=MINUTE + timedelta(hours=1)))}


def empty() -> Landscape:
    return Landscape({}, {}, {}, {}, {})


def test_a_landscape_is_kept_for_some_seconds() -> None:
    clock, found = Clock(), empty()
    kept = Landscapes(clock)
    kept.put(asked(), found)
    clock.now = KEPT_SECONDS - 0.1
    assert kept.get(asked()) is found
    clock.now = KEPT_SECONDS
    assert kept.get(asked()) is None


def test_what_was_asked_of_other_indices_is_another() -> None:
    kept = Landscapes(Clock())
    kept.put(asked("shop-metrics"), empty())
    assert kept.get(asked("metrics")) is None


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40))
def test_few_are_kept_and_the_newest_among_them(names: list[str]) -> None:
    kept = Landscapes(Clock())
    for name in names:
        kept.put(asked(name), empty())
    known = [name for name in set(names) if kept.get(asked(name))]
    assert names[-1] in known
    assert len(known) == min(MOST_KEPT, len(set(names)))


# --- on engines


def documents() -> list[dict[str, Any]]:
    """A sample and a line of each service every seven seconds of a quarter of an hour; `cart` sends no metrics."""
    found = []
    for step in range(130):
        at = MINUTE - timedelta(minutes=14) + timedelta(seconds=7 * step)
        for number, service in enumerate(SERVICES):
            place = {"@timestamp": iso(at), "service": service, "region": "us-central1"}
            found.append({"_index": "spiketrace-logs-a", **place, "level": "error", "latency_ms": 20 + step})
            if number:
                found.append(
                    {"_index": "spiketrace-carbon-metrics-a", **place, "estimated_co2_grams": 2.0 + step, "cpu_pct": 40}
                )
    # A service that is new in the alert's own minute.
    late = {"@timestamp": iso(MINUTE + timedelta(seconds=5)), "service": "newcomer", "level": "info"}
    return [*found, {"_index": "spiketrace-logs-a", **late}]


def filled(url: str) -> Elasticsearch:
    client = connect_elasticsearch(Settings(elasticsearch_url=url))
    install_templates(client)
    helpers.bulk(client, documents(), refresh=True)
    return client


def survey_at(telemetry: ElasticTelemetry, moment: datetime) -> Survey:
    return telemetry.survey(Scope("checkout", None), Window(start=MINUTE - timedelta(minutes=10), end=moment))


def values(survey: Survey) -> dict[tuple[Scope, str], list[float]]:
    return {
        (scope, name): np.nan_to_num(array, nan=-1).tolist()
        for scope, series in survey.recent.items()
        for name, array in series.values.items()
    }


def test_alerts_of_one_minute_share_a_reading_and_get_what_they_would_alone(engine: Engine) -> None:
    client = filled(engine.url)
    shared, profile = ElasticTelemetry(client, load_profile("spiketrace")), load_profile("spiketrace")
    moments = [MINUTE + timedelta(seconds=seconds) for seconds in (7, 20.5, 59.999, 0)]
    for moment in moments:
        alone = survey_at(ElasticTelemetry(client, profile), moment)
        assert values(survey_at(shared, moment)) == values(alone)
        assert Scope("newcomer", None) in alone.recent or moment == MINUTE
    everything = survey_at(shared, moments[-2])
    lines = everything.recent[Scope("cart", "us-central1")].values["lines"].sum()
    in_one_piece = client.search(index="spiketrace-logs-a", **everything.asked["logs"].body, filter_path="aggregations")
    carts = {one["key"]: one["doc_count"] for one in in_one_piece["aggregations"]["services"]["buckets"]}
    assert lines == carts["cart"]


def test_what_is_left_out_of_an_answer_is_read_by_nobody(engine: Engine) -> None:
    client, profile = filled(engine.url), load_profile("spiketrace")
    assert profile.metrics
    survey = survey_at(ElasticTelemetry(client, profile), LATER)
    asked = [survey.asked[name] for name in ("metrics", "logs")]
    searches = [line for one in asked for line in ({"index": one.index}, one.body)]
    whole = client.msearch(searches=searches).body["responses"]
    part = client.msearch(searches=searches, filter_path=WITHOUT_UNREAD).body["responses"]
    found, expected = (
        [metric_figures(metrics, profile.metrics, survey.fine), figures_of(log_series(lines, survey.fine))]
        for metrics, lines in (part, whole)
    )
    np.testing.assert_equal(found, expected)
    assert 2 * len(json.dumps(part)) < len(json.dumps(whole))


def figures_of(table: dict[Scope, Series]) -> dict[Scope, Figures]:
    return {scope: series.values for scope, series in table.items()}


def test_what_is_written_meanwhile_is_in_the_next_reading(embedded_url: str) -> None:
    client, clock, checkout = filled(embedded_url), Clock(), Scope("checkout", "us-central1")
    telemetry = ElasticTelemetry(client, load_profile("spiketrace"), landscapes=Landscapes(clock))
    before = survey_at(telemetry, LATER).recent[checkout].values["lines"].sum()
    own = {"service": "checkout", "region": "us-central1", "level": "info"}
    late = [{"_index": "spiketrace-logs-a", "@timestamp": iso(MINUTE + timedelta(seconds=at)), **own} for at in (-9, 9)]
    helpers.bulk(client, late, refresh=True)
    # The one in the alert's own minute is read for it alone.
    assert survey_at(telemetry, LATER).recent[checkout].values["lines"].sum() == before + 1
    clock.now = KEPT_SECONDS
    assert survey_at(telemetry, LATER).recent[checkout].values["lines"].sum() == before + 2


def test_who_is_not_in_what_is_kept_is_looked_up(embedded_url: str) -> None:
    """A service that is alerted seconds after its first line, and after another alert."""
    client, newborn = filled(embedded_url), Scope("newborn", "us-central1")
    telemetry = ElasticTelemetry(client, load_profile("spiketrace"), landscapes=Landscapes(Clock()))
    assert newborn not in survey_at(telemetry, LATER).recent
    own = {"service": "newborn", "region": "us-central1", "level": "info"}
    helpers.bulk(
        client,
        [{"_index": "spiketrace-logs-a", "@timestamp": iso(MINUTE - timedelta(seconds=9)), **own}],
        refresh=True,
    )
    assert newborn not in survey_at(telemetry, LATER).recent
    window = Window(start=MINUTE - timedelta(minutes=10), end=LATER)
    assert newborn in telemetry.survey(Scope("newborn", None), window).recent


def test_a_reading_that_failed_in_part_is_not_kept(embedded_url: str) -> None:
    client, profile, kept = filled(embedded_url), load_profile("spiketrace"), Landscapes()
    refused = ElasticTelemetry(refusing(client, ["spiketrace-carbon-metrics-a"]), profile, landscapes=kept)
    assert "metrics" in survey_at(refused, LATER).unread
    again = survey_at(ElasticTelemetry(client, profile, landscapes=kept), LATER)
    assert not again.unread
    assert again.recent[Scope("checkout", "us-central1")].get("cpu") is not None


def test_nobody_changes_what_others_read(embedded_url: str) -> None:
    survey = survey_at(ElasticTelemetry(filled(embedded_url), load_profile("spiketrace")), MINUTE)
    with pytest.raises(ValueError, match="read-only"):
        survey.recent[Scope("checkout", "us-central1")].values["lines"] += 1
