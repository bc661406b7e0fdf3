"""Where there are very many log lines, what is read of them stands for all, and is the same whenever it is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from elasticsearch import Elasticsearch, helpers
from hypothesis import given
from hypothesis import strategies as st

from tests.engines.servers import Engine
from worker.ad_hoc import ad_hoc_alert
from worker.domain.telemetry import Floats, Grid, Scope, Series, Survey
from worker.domain.window import Window, iso, parse_time
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry import thinning
from worker.telemetry.profiles import Profile, Sampling, load_profile
from worker.telemetry.search import ElasticTelemetry
from worker.telemetry.thinning import GLANCES, LEAST_OF_A_STEP, MOST_READ_WHOLE, Sample, Thinning

NOON = parse_time("2026-03-09T12:00:00Z")
GRID = Grid(NOON - timedelta(hours=4), 60, 240)
# A service in a region, and its lines in each glance, of ten seconds.
MANY, FEW, BURSTS = Scope("checkout", "eu"), Scope("mail", "eu"), Scope("batch", "eu")


def glanced(counts: dict[Scope, Callable[[int], int]]) -> dict[str, Any]:
    """As the engine answers `glances`."""
    step = GRID.step_seconds * (GRID.count // GLANCES)
    services: dict[str, list[dict[str, Any]]] = {}
    for scope, count in counts.items():
        times = [
            {"key": (GRID.start.timestamp() + place * step) * 1000, "doc_count": count(place)}
            for place in range(GLANCES)
            if count(place)
        ]
        services.setdefault(str(scope.service), []).append({"key": scope.region, "times": {"buckets": times}})
    return {
        "aggregations": {"services": {"buckets": [{"key": k, "regions": {"buckets": v}} for k, v in services.items()]}}
    }


def test_what_can_all_be_read_is_read() -> None:
    just_enough = MOST_READ_WHOLE // GRID.count // 6
    assert thinning.thinning_of(glanced({MANY: lambda _: just_enough}), GRID) is None
    assert thinning.thinning_of(glanced({MANY: lambda _: just_enough + 2}), GRID) is not None


def test_only_services_with_many_lines_at_all_times_are_thinned() -> None:
    found = thinning.thinning_of(
        glanced(
            {
                MANY: lambda place: 5_000 + place,
                FEW: lambda _: 1,
                BURSTS: lambda place: 60_000 if place % 12 == 0 else 0,
            }
        ),
        GRID,
    )
    assert found is not None
    assert list(found.lines) == ["checkout"]
    assert found.lines["checkout"] == pytest.approx(5_011.5 * 6 * 240)


def test_a_service_is_read_whole_where_one_of_its_regions_is() -> None:
    small = Scope(MANY.service, "asia")
    assert thinning.thinning_of(glanced({MANY: lambda _: 5_000, small: lambda _: 2}), GRID) is None


@given(st.floats(min_value=2_000, max_value=1e7))
def test_a_sample_of_a_step_is_never_small(lines: float) -> None:
    found = thinning.thinning_of(glanced({MANY: lambda _: int(lines / 6)}), GRID)
    if found:
        assert int(lines / 6) * 6 * found.share >= LEAST_OF_A_STEP


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2040, 1, 1)),  # noqa: DTZ001 - Hypothesis wants it so
    st.sampled_from([10, 60, 300, 1800]),
    st.integers(1, 9),
)
def test_a_slice_lies_in_its_step_and_is_the_same_on_every_grid_that_has_the_step(
    start: datetime, step: int, seconds: int
) -> None:
    first = parse_time(f"{start:%Y-%m-%dT%H:%M}:00Z")
    grid, later = Grid(first, step, 20), Grid(first + timedelta(seconds=5 * step), step, 20)
    found, again = (list(thinning.slices(one, range(one.count), seconds)) for one in (grid, later))
    assert found[5:] == again[:15]
    for place, one in enumerate(found):
        assert grid.time(place) <= one.start < one.end <= grid.time(place) + grid.step
        assert one.length == timedelta(seconds=seconds)


def test_slices_take_every_second_of_a_step_alike() -> None:
    begins = [one.start.second for one in thinning.slices(Grid(NOON, 60, 4_000), range(4_000), 6)]
    counts = np.bincount(begins, minlength=55)
    assert counts.min() >= 0.8 * counts.mean()
    assert counts.max() <= 1.2 * counts.mean()


def test_whoever_is_alerted_about_is_read_whole_unless_that_is_enormous() -> None:
    both = Thinning(6, 60, {"checkout": 400_000, "search": MOST_READ_WHOLE + 1})
    assert both.spares("checkout")
    assert not both.spares("search")
    assert not both.spares("mail")
    assert not both.spares(None)
    told = Sample(both, {"checkout": 40_000, "search": 150_000}).told("checkout")
    assert told
    assert (told.services, told.read, told.lines) == (("search",), 150_000, MOST_READ_WHOLE + 1)
    assert Sample(Thinning(6, 60, {"checkout": 400_000}), {"checkout": 40_000}).told("checkout") is None


# --- on engines

A_WHILE = Sampling(recent_hours=1 / 3, past_days=1)
BUSY, OTHER, QUIET = "search", "checkout", "mail"
LINES_A_MINUTE = 240


def documents() -> list[dict[str, Any]]:
    """Twenty minutes and a part of one of two busy services, every hundredth line an error, and of a quiet one."""
    rng = np.random.default_rng(8)
    found = []
    for service, count in ((BUSY, 21 * LINES_A_MINUTE), (OTHER, 21 * LINES_A_MINUTE), (QUIET, 60)):
        for number, at in enumerate(rng.uniform(0, 21 * 60, count)):
            level = "ERROR" if number % 100 == 7 else "INFO"
            moment = NOON + timedelta(minutes=1) - timedelta(seconds=float(at) + 0.001)
            found.append(
                {
                    "_index": "spiketrace-logs-a",
                    "@timestamp": iso(moment),
                    "service": service,
                    "region": "eu",
                    "level": level,
                    "retry": number % 50 == 3,
                    # Whole numbers, whose sums do not depend on the order that an engine adds them in.
                    "latency_ms": round(rng.gamma(4, 25)),
                }
            )
    return found


def telemetry_of(client: Elasticsearch, most_lines: int = 1_000) -> ElasticTelemetry:
    shipped: Profile = load_profile("spiketrace")
    return ElasticTelemetry(client, shipped.model_copy(update={"sampling": A_WHILE}), most_lines=most_lines)


def survey(client: Elasticsearch, scope: Scope, *, most_lines: int = 1_000) -> Survey:
    return telemetry_of(client, most_lines).survey(
        scope, Window(start=NOON - timedelta(minutes=10), end=NOON + timedelta(seconds=40))
    )


def of(found: Survey, service: str) -> dict[str, Floats]:
    series: Series = found.recent[Scope(service, "eu")]
    return series.values


def figures(found: Survey, service: str) -> dict[str, list[float]]:
    return {name: np.nan_to_num(values, nan=-1).tolist() for name, values in of(found, service).items()}


def test_a_sample_stands_for_all_lines_and_is_the_same_after_segments_were_merged(engine: Engine) -> None:
    client = connect_elasticsearch(Settings(elasticsearch_url=engine.url))
    install_templates(client)
    for part in np.array_split(np.array(documents(), dtype=object), 4):
        helpers.bulk(client, part.tolist(), refresh=True)
    whole, thin = survey(client, Scope(OTHER, None), most_lines=10**9), survey(client, Scope(OTHER, None))
    assert whole.thinned is None
    assert thin.thinned
    assert thin.thinned.services == (BUSY,)
    # The alert's own service and the quiet one, to the digit; of the busy one all errors and retries.
    for service in (OTHER, QUIET):
        assert figures(thin, service) == figures(whole, service)
    for name in ("errors", "retries"):
        assert of(thin, BUSY)[name].tolist() == of(whole, BUSY)[name].tolist()
    share = thin.thinned.slice_seconds / thin.thinned.step_seconds
    assert thin.thinned.read == of(thin, BUSY)["latency_count"][:-1].sum()
    assert of(thin, BUSY)["lines"].sum() == pytest.approx(of(whole, BUSY)["lines"].sum(), rel=0.1)
    # Its latency is told as of those that were read, the alert's own minute included.
    assert of(thin, BUSY)["latency_count"].sum() == pytest.approx(
        share * of(whole, BUSY)["latency_count"].sum(), rel=0.1
    )
    means = [of(one, BUSY)["latency_sum_ms"].sum() / of(one, BUSY)["latency_count"].sum() for one in (thin, whole)]
    assert means[0] == pytest.approx(means[1], rel=0.05)
    client.options(request_timeout=60).perform_request("POST", "/spiketrace-logs-a/_forcemerge?max_num_segments=1")
    again = survey(client, Scope(OTHER, None))
    assert figures(again, BUSY) == figures(thin, BUSY)
    assert (
        again.past[Scope(OTHER, "eu")].values["lines"].tolist()
        == thin.past[Scope(OTHER, "eu")].values["lines"].tolist()
    )
    alert = ad_hoc_alert(OTHER, None, NOON + timedelta(seconds=40), asked="test")
    (gap,) = [one for one in Investigator(telemetry_of(client))(alert, "a1").gaps if "very many" in one.what]
    read = f"{thin.thinned.read:,} of about {thin.thinned.lines:,} lines"
    assert gap.reason == f"{BUSY} writes so many that of every 60 seconds 15 were read: {read}"
    # An alert about everything is judged by the sample.
    whole, thin = (survey(client, Scope(None, None), most_lines=most) for most in (10**9, 1_000))
    assert thin.thinned
    assert thin.thinned.services == (OTHER, BUSY)
    for service in (OTHER, BUSY, QUIET):
        past, all_past = (one.past[Scope(service, "eu")].values for one in (thin, whole))
        assert past["errors"].tolist() == all_past["errors"].tolist()
    assert figures(thin, QUIET) == figures(whole, QUIET)
