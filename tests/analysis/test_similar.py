"""Past incidents that resemble a case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.builders import AS_OF, CHECKOUT, last_minutes
from worker.domain.report import SimilarIncident
from worker.domain.telemetry import Scope
from worker.domain.window import iso
from worker.similar import MOST, similar_incidents

WINDOW = last_minutes(15)


def incident(number: int, days_ago: float = 3, **fields: Any) -> dict[str, Any]:
    document = {"@timestamp": iso(AS_OF - timedelta(days=days_ago)), "service": "checkout", "region": "us-central1"}
    return {"_id": f"incident-{number}", "_source": document | fields}


def found_in(*history: dict[str, Any], words: str = "errors deployment PoolTimeout") -> list[SimilarIncident]:
    return similar_incidents(history, [CHECKOUT], words, WINDOW, "alert-1")


def ids(*history: dict[str, Any], words: str = "errors deployment PoolTimeout") -> list[str]:
    return [one.id for one in found_in(*history, words=words)]


def test_the_likest_comes_first() -> None:
    same_words = incident(1, title="PoolTimeout errors", service="search")
    same_place = incident(2, title="slow")
    same_all = incident(3, title="PoolTimeout errors after a deployment")
    assert ids(same_words, same_place, same_all) == ["incident-3", "incident-2", "incident-1"]


def test_of_equals_the_newest_comes_first() -> None:
    assert ids(incident(1, days_ago=9), incident(2, days_ago=2), incident(3, days_ago=5)) == [
        "incident-2",
        "incident-3",
        "incident-1",
    ]


def test_only_the_likest_few_are_told() -> None:
    assert len(found_in(*(incident(number) for number in range(3 * MOST)))) == MOST


@pytest.mark.parametrize(
    "unlike",
    [
        {"service": "search"},
        {"service": "search", "title": "a deployment"},
        {"service": "search", "region": "asia-east1", "title": "PoolTimeout"},
        {"service": None, "region": None},
        {"service": "checkout-api", "region": "europe-west1"},
    ],
)
def test_what_has_little_in_common_is_not_similar(unlike: dict[str, Any]) -> None:
    assert ids(incident(1, **unlike)) == []


def test_this_very_window_is_not_the_past() -> None:
    at_start = incident(1, days_ago=(AS_OF - WINDOW.start) / timedelta(days=1))
    just_before = incident(2, days_ago=(AS_OF - WINDOW.start + timedelta(seconds=1)) / timedelta(days=1))
    assert ids(at_start, just_before) == ["incident-2"]


def test_an_alerts_own_incident_is_not_similar_to_it() -> None:
    assert ids(incident(1, alert_ids=["alert-0", "alert-1"]), incident(2, alert_ids=["alert-0"])) == ["incident-2"]


def test_why_is_told() -> None:
    found = found_in(incident(1, title="Pool timeouts in checkout"))
    assert found[0].why == "same service; same region; same words: pool, timeout"


def test_words_are_compared_and_not_parts_of_them() -> None:
    assert (
        ids(incident(1, service="search", region=None, title="cartoon supports pooling"), words="cart port pool") == []
    )


def test_documents_of_others_are_read_as_they_are() -> None:
    """No title, tags of any kind, a status of their own."""
    bare = {"_id": "x1", "_source": {"@timestamp": "2026-01-01T00:00:00+01:00", "service": "checkout", "tags": None}}
    found = found_in(bare, incident(2, tags=["pool", 7], status="mitigated"))
    assert [(one.title, one.status) for one in found] == [("incident-2", "mitigated"), ("x1", None)]


text = st.none() | st.text(max_size=20)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"title": text, "summary": text, "service": text, "region": text},
            optional={
                "tags": st.lists(st.text(max_size=8) | st.integers(), max_size=3),
                "alert_ids": st.none() | st.lists(st.text(), max_size=2),
            },
        ),
        max_size=8,
    ),
    st.text(max_size=40),
)
def test_any_history_can_be_searched(documents: list[dict[str, Any]], words: str) -> None:
    history = [incident(number, **document) for number, document in enumerate(documents)]
    found = similar_incidents(history, [CHECKOUT, Scope(None, None)], words, WINDOW, "alert-1")
    assert len(found) <= MOST
    assert len({one.id for one in found}) == len(found)
