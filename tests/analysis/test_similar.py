"""Past incidents that resemble a case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.builders import AS_OF, last_minutes
from tests.webhook_pages import samples
from worker.analysis.likeness.rank import rank
from worker.analysis.likeness.structure import Wanted
from worker.analysis.likeness.words import Texts, stem, words
from worker.conclusion import of_incident
from worker.domain.report import SimilarIncident
from worker.domain.window import iso
from worker.life import opened
from worker.markdown import render_markdown
from worker.similar import MOST, similar_incidents

WINDOW = last_minutes(15)
WORDS = "errors deployment PoolTimeout no connection available from the pool after 5000 ms"
WANTED = Wanted(
    text=WORDS,
    service="checkout",
    services=frozenset({"checkout", "payments"}),
    regions=frozenset({"us-central1"}),
    kind="deployment",
    error_type="PoolTimeout",
)


def incident(number: int, days_ago: float = 3, **fields: Any) -> dict[str, Any]:
    document = {"@timestamp": iso(AS_OF - timedelta(days=days_ago)), "service": "checkout", "region": "us-central1"}
    return {"_id": f"incident-{number}", "_source": document | fields}


def of_cause(kind: str, error_type: str | None) -> dict[str, Any]:
    cause = {"kind": kind, "service": "checkout", "error_type": error_type}
    return {"alert_ids": ["a"], "tags": ["spiketrace", kind], "root_cause": cause}


def found_in(*history: dict[str, Any], wanted: Wanted = WANTED) -> list[SimilarIncident]:
    return similar_incidents(history, wanted, WINDOW, "alert-1")


def ids(*history: dict[str, Any], wanted: Wanted = WANTED) -> list[str]:
    return [one.id for one in found_in(*history, wanted=wanted)]


def test_the_same_cause_comes_before_the_same_place() -> None:
    same_words = incident(1, title="Pool timeouts", service="search")
    same_place = incident(2, title="Search: umlauts in checkout, pool")
    same_all = incident(3, title="Pool timeouts")
    assert ids(same_place, same_words, same_all) == ["incident-3", "incident-1", "incident-2"]


def test_another_cause_in_the_same_service_stands_behind_the_same_one_elsewhere() -> None:
    other_cause = incident(1, title="checkout us-central1: failing requests", **of_cause("error", "ParseError"))
    elsewhere = incident(2, service="search", title="search: failing requests", **of_cause("deployment", "PoolTimeout"))
    assert ids(other_cause, elsewhere)[0] == "incident-2"


def test_what_others_wrote_without_our_fields_is_found_by_its_text() -> None:
    """No service, no region, no cause, a status of their own."""
    document = {"@timestamp": "2026-01-01T00:00:00+01:00", "title": "Ran out of database connections", "summary": "…"}
    bare = {"_id": "x1", "_source": document | {"status": "mitigated", "tags": None}}
    (found,) = found_in(bare, incident(2, service="search", region=None, title="Umlauts"))
    assert (found.id, found.status, found.why) == ("x1", "mitigated", "same words: connections")


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("pods OOMKilled", "out of memory"),
        ("redis flushed", "cache cold"),
        ("TLS cert was past its validity", "certificate expired"),
        ("postgres has no connections", "database connection"),
        ("queries were timing out, requests hang", "timeouts"),
    ],
)
def test_different_words_for_the_same_thing_are_the_same(written: str, looked_for: str) -> None:
    ((likeness, shared),) = Texts([written]).likeness(looked_for)
    assert likeness > 0
    assert shared


@pytest.mark.parametrize(("one", "other"), [("retried", "retries"), ("stopped", "stops"), ("expired", "expires")])
def test_forms_of_one_word_are_one(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_words_are_compared_and_not_parts_of_them() -> None:
    assert Texts(["cartoon supports spooling"]).likeness("cart port pool") == [(0.0, [])]


def test_of_equals_the_newest_comes_first() -> None:
    same = {"title": "Pool timeouts"}
    assert ids(incident(1, 9, **same), incident(2, 2, **same), incident(3, 5, **same)) == [
        "incident-2",
        "incident-3",
        "incident-1",
    ]


def test_only_the_likest_few_are_told() -> None:
    assert len(found_in(*(incident(number, title="Pool timeouts") for number in range(3 * MOST)))) == MOST


@pytest.mark.parametrize(
    "unlike",
    [
        {"service": "search"},
        {"service": "checkout", "title": "Umlauts"},
        {"service": "search", "region": "asia-east1", "title": "Crawler read the catalogue"},
        {"service": None, "region": None},
        {"service": "checkout-api", "region": "europe-west1"},
    ],
)
def test_what_has_little_in_common_is_not_similar(unlike: dict[str, Any]) -> None:
    assert ids(incident(1, **unlike)) == []


def test_this_very_window_is_not_the_past() -> None:
    at_start = incident(1, (AS_OF - WINDOW.start) / timedelta(days=1), title="Pool")
    just_before = incident(2, (AS_OF - WINDOW.start + timedelta(seconds=1)) / timedelta(days=1), title="Pool")
    assert ids(at_start, just_before) == ["incident-2"]


def test_an_alerts_own_incident_is_not_similar_to_it() -> None:
    own = incident(1, title="Pool", alert_ids=["alert-0", "alert-1"])
    assert ids(own, incident(2, title="Pool", alert_ids=["alert-0"])) == ["incident-2"]


def test_one_that_was_found_twice_is_told_once() -> None:
    one = incident(1, title="Pool timeouts")
    assert ids(one, one) == ["incident-1"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"title": "Pools"} | of_cause("deployment", "PoolTimeout"),
            "same cause: deployment in checkout; same error",
        ),
        ({"title": "Pools"} | of_cause("deployment", "Other"), "same service; same kind of cause: deployment"),
        ({"title": "Pools"} | of_cause("error", "PoolTimeout"), "same service; same error: PoolTimeout; same region"),
        ({"title": "Pool timeouts in checkout"}, "same service; same error: PoolTimeout; same region; same words: "),
        (
            {"title": "Pools after a rollback", "root_cause": None},
            "same service; perhaps the same kind of cause: deployment; same region",
        ),
        ({"title": "Pools", "service": "payments"}, "same service in trouble; same region; same words: pools"),
    ],
)
def test_why_is_told(fields: dict[str, Any], why: str) -> None:
    assert found_in(incident(1, **fields))[0].why.startswith(why)


@pytest.mark.parametrize(
    ("fields", "ended", "helped"),
    [
        (
            {"summary": "A leak. Rolled back; pool size raised to 10.", "duration_minutes": 52, "status": "Resolved"},
            "ended after 52 min",
            "Rolled back; pool size raised to 10.",
        ),
        ({"summary": "Signing key of the previous rotation was removed too early."}, None, None),
        ({"summary": "Carrier rotated its API key; new key stored."}, None, None),
        ({"summary": "The cache was disabled in 2.3. It was enabled again."}, None, "It was enabled again."),
        ({"summary": "Limit of the pool raised to 10."}, None, "Limit of the pool raised to 10."),
        ({"summary": "We moved the job to its own pool."}, None, "We moved the job to its own pool."),
        ({"summary": "Down. The replica was promoted by mistake, then dropped."}, None, None),
        ({"summary": "Nobody knows why.", "duration_minutes": "long"}, None, None),
        ({"duration_minutes": 90, "status": "open"}, None, None),
        (
            {"resolution": "2 is gone.", "duration_minutes": 90.0},
            "ended after 1 h 30 min",
            "2 is gone.",
        ),
        ({"summary": "Restored.", **of_cause("deployment", None)}, None, None),
        ({"summary": ["no", "text"], "resolution": 7, "duration_minutes": True}, None, None),
    ],
)
def test_how_it_ended_and_what_helped_is_told_where_it_was_written(
    fields: dict[str, Any], ended: str | None, helped: str | None
) -> None:
    (found,) = found_in(incident(1, title="Pool timeouts", **fields))
    assert (found.ended, found.helped) == (ended, helped)


def test_the_incident_that_a_report_joins_is_none_of_the_past() -> None:
    report = samples.report()
    own = opened("inc-20260226-0a1b2c3d-1", report, AS_OF)
    found = [samples.similar().model_copy(update={"id": one}) for one in (own.incident_id, "other")]
    report = report.model_copy(update={"similar_incidents": found})
    joined = of_incident(report, own)
    assert ([one.id for one in joined.similar_incidents], joined.incident_id) == (["other"], own.incident_id)
    assert joined.markdown == render_markdown(joined)
    assert of_incident(report, None).similar_incidents == found


text = st.none() | st.text(max_size=20)
anything = st.none() | st.integers() | st.floats() | st.text(max_size=8)
causes = st.fixed_dictionaries({}, optional={"kind": text, "error_type": text | st.integers()}) | anything
documents = st.fixed_dictionaries(
    {"title": text, "summary": text, "service": text, "region": text},
    optional={
        "tags": st.lists(st.text(max_size=8) | st.integers(), max_size=3),
        "alert_ids": st.none() | st.lists(st.text(), max_size=2),
        "root_cause": causes,
        "services": st.lists(text, max_size=2) | anything,
        "duration_minutes": anything,
        "resolution": anything,
    },
)


@given(st.lists(documents, max_size=8), st.text(max_size=40))
def test_any_history_can_be_searched(found: list[dict[str, Any]], said: str) -> None:
    history = [incident(number, **document) for number, document in enumerate(found)]
    wanted = Wanted(text=said, service="checkout", services=frozenset({"checkout"}))
    similar = found_in(*history, wanted=wanted)
    assert len(similar) <= MOST
    assert len({one.id for one in similar}) == len(similar)


@given(st.lists(documents, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_history_changes_no_score(found: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    one, other = (sorted(alike.score for alike in rank(WANTED, listed)) for listed in (found, shuffled))
    assert one == pytest.approx(other, abs=1e-6)


@given(st.text(max_size=200))
def test_a_text_is_most_like_itself(said: str) -> None:
    ((likeness, shared),) = Texts([said]).likeness(said)
    assert likeness == pytest.approx(1.0 if words(said) else 0.0)
    assert len(shared) == len(set(words(said)))
