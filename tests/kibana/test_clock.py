"""A query as of another moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.clock import CLOCK_PARAMETER, clock_out_of_reach, is_of_now, query_at
from tests.engines.servers import Engine
from worker.domain.window import iso

THEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAID = "2026-11-23T12:00:00.000Z"
MILLISECONDS = 1_795_435_200_000


@pytest.mark.parametrize(
    ("bounds", "moved"),
    [
        ({"gte": "now"}, {"gte": SAID}),
        ({"gte": "now-1d-10m", "lt": "now-1d"}, {"gte": f"{SAID}||-1d-10m", "lt": f"{SAID}||-1d"}),
        ({"gte": "now/d"}, {"gte": f"{SAID}||/d"}),
        ({"gte": "2026-11-01", "lt": 5}, {"gte": "2026-11-01", "lt": 5}),
        (
            {"gte": "now-1h", "lt": "23/11/2026", "format": "dd/MM/yyyy"},
            {"gte": f"{SAID}||-1h", "lt": "23/11/2026", "format": "strict_date_optional_time||dd/MM/yyyy"},
        ),
    ],
)
def test_ranges_by_date_math(bounds: dict[str, Any], moved: dict[str, Any]) -> None:
    query = {"bool": {"filter": [{"range": {"@timestamp": bounds}}, {"term": {"word": "now"}}]}}
    assert query_at(query, THEN) == {"bool": {"filter": [{"range": {"@timestamp": moved}}, {"term": {"word": "now"}}]}}


@pytest.mark.parametrize(
    "script", ["emit(System.currentTimeMillis())", {"source": "emit(System . currentTimeMillis( ))"}]
)
def test_a_script_s_clock_is_a_parameter(script: Any) -> None:
    """The same source for every run: a script that differs would be compiled anew each time."""
    found = query_at({"age": {"type": "long", "script": script}}, THEN)["age"]["script"]
    assert found == {
        "source": f"emit(((long) params['{CLOCK_PARAMETER}']))",
        "params": {CLOCK_PARAMETER: MILLISECONDS},
    }


def test_its_other_parameters_stay() -> None:
    script = {"source": "emit(System.currentTimeMillis() * params.factor)", "params": {"factor": 2}, "lang": "painless"}
    found = query_at({"script": script}, THEN)["script"]
    assert found["params"] == {"factor": 2, CLOCK_PARAMETER: MILLISECONDS}
    assert found["lang"] == "painless"


@pytest.mark.parametrize(
    ("query", "is_relative", "why"),
    [
        ({"match_all": {}}, False, None),
        ({"range": {"t": {"gte": "now-1h"}}}, True, None),
        ({"script": {"script": "System.currentTimeMillis() > 5"}}, True, None),
        ({"script": {"script": {"source": "new Date().getTime() > 5"}}}, True, "reads the clock otherwise"),
        ({"script": {"script": {"id": "stored"}}}, False, "stored script"),
        ({"query_string": {"query": "@timestamp:[now-1h TO now]"}}, True, "query text"),
        ({"query_string": {"query": "@timestamp:>now-1h"}}, True, "query text"),
        ({"query_string": {"query": "message:(act now)"}}, False, None),
    ],
)
def test_what_speaks_of_now_and_what_cannot_be_moved(query: Any, is_relative: bool, why: str | None) -> None:
    assert is_of_now(query) == is_relative
    found = clock_out_of_reach(query)
    assert (found is None) == (why is None)
    assert why is None or why in (found or "")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(query=values)
def test_what_does_not_speak_of_now_stays_as_it_is(query: Any) -> None:
    assert is_of_now(query) or query_at(query, THEN) == query


def test_the_engine_takes_the_moment_for_now(embedded_engine: Engine) -> None:
    """Ten minutes before the moment and not ten minutes before today."""
    url = f"{embedded_engine.url}/spiketrace-clock"
    mappings = {"mappings": {"properties": {"t": {"type": "date"}}}}
    httpx.put(url, json=mappings).raise_for_status()
    for number, at in enumerate(["2026-11-22T11:55:00Z", "2026-11-22T11:40:00Z", iso(datetime.now(UTC))]):
        httpx.put(f"{url}/_doc/{number}", json={"t": at}).raise_for_status()
    embedded_engine.refresh()
    query = query_at({"range": {"t": {"gte": "now-1d-10m", "lt": "now-1d"}}}, THEN)
    found = httpx.post(f"{url}/_search", json={"query": query}).raise_for_status().json()["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["0"]
