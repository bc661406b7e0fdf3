"""The second wave: the first scope is read while others are being found, and all are told as if asked at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any, cast

from elasticsearch import Elasticsearch

from worker.domain.telemetry import Scope
from worker.domain.window import Window, parse_time
from worker.telemetry.details import MOST_SLICED, Details
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

NOW = parse_time("2026-03-09T10:00:00Z")
WITHIN = Window(start=NOW - timedelta(minutes=20), end=NOW)
BEFORE = Window(start=NOW - timedelta(hours=3), end=WITHIN.start)
ROLLOUT = Window(start=WITHIN.start - timedelta(hours=1), end=NOW)
SHOP = [Scope(name, "us-central1") for name in ("checkout", "cart", "search", "payments")]
PATIENCE_SECONDS = 30


class Refusing:
    """Refuses every search, and tells when it was first asked."""

    def __init__(self) -> None:
        self.asked = Event()
        self.searches: list[int] = []

    def msearch(self, *, searches: list[dict[str, Any]], **_: Any) -> Any:
        self.searches.append(len(searches) // 2)
        self.asked.set()
        return Answered([{"error": {"reason": "not now"}}] * (len(searches) // 2))


class Answered:
    def __init__(self, responses: list[dict[str, Any]]) -> None:
        self.body = {"responses": responses}


def test_the_first_scope_is_read_while_the_others_are_being_found() -> None:
    client = Refusing()

    def scopes() -> Iterator[Scope]:
        yield SHOP[0]
        assert client.asked.wait(PATIENCE_SECONDS)
        yield from SHOP[1:]

    telemetry = ElasticTelemetry(cast("Elasticsearch", client), load_profile("spiketrace"))
    detail = telemetry.detail(scopes(), WITHIN, BEFORE, ROLLOUT)
    at_once = details(SHOP).questions()
    assert list(detail.scopes) == SHOP
    assert {name: (one.index, one.body) for name, one in detail.asked.items()} == {
        name: (one.index, one.body) for name, one in at_once.items()
    }
    assert set(detail.unread) == set(at_once)
    assert len(client.searches) == 2


def test_where_there_is_one_scope_it_is_asked_once() -> None:
    client = Refusing()
    ElasticTelemetry(cast("Elasticsearch", client), load_profile("spiketrace")).detail(
        SHOP[:1], WITHIN, BEFORE, ROLLOUT
    )
    assert len(client.searches) == 1


def test_only_the_first_scopes_are_cut_into_instances_and_deployments() -> None:
    names = details(SHOP).questions()
    assert {f"deployments{number}" in names for number in range(MOST_SLICED)} == {True}
    assert f"deployments{MOST_SLICED}" not in names
    assert "deployments1" not in details(SHOP[1:], after=MOST_SLICED).questions()


def test_what_concerns_the_report_as_a_whole_is_asked_with_the_first_alone() -> None:
    profile = load_profile("labelled-cases")
    first, further = (
        Details(profile, None, SHOP[:1], WITHIN, BEFORE, ROLLOUT, after=after).questions() for after in (0, 1)
    )
    assert {"lines_within", "lines_before"} <= first.keys()
    assert not {"lines_within", "lines_before"} & further.keys()


def details(scopes: list[Scope], after: int = 0) -> Details:
    profile = load_profile("spiketrace")
    return Details(profile, profile.metrics, scopes, WITHIN, BEFORE, ROLLOUT, after)
