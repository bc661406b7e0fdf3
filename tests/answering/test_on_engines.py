"""The README's four questions on every engine, and the sums of emissions to the last gram."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import fsum

import pytest

from tests.answering.conftest import NOW, Desk, fill
from tests.engines.servers import Engine
from worker.answering.answer import SIX
from worker.domain.window import Window
from worker.elastic import connect_elasticsearch
from worker.settings import Settings


@pytest.fixture(scope="module")
def any_desk(any_engine: Engine, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """An embedded engine is filled already."""
    if any_engine.is_embedded:
        yield request.getfixturevalue("desk")
        return
    any_engine.wipe()
    settings = Settings(elasticsearch_url=any_engine.url, elasticsearch_timeout_seconds=60)
    with connect_elasticsearch(settings) as client:
        yield fill(client)


def test_the_readmes_questions(any_desk: Desk) -> None:
    spike = any_desk.ask("Why did emissions spike in `us-central1` yesterday?")
    assert (tuple(spike.sections), "deploy-9" in spike.direct) == (SIX, True)
    wrong = any_desk.ask("What's going wrong with checkout in `us-central1`?")
    assert (tuple(wrong.sections), "deploy-9" in wrong.direct, wrong.offer is not None) == (SIX, True, True)
    affecting = any_desk.ask("What incidents are affecting payments in `europe-west1` this week?")
    assert [one["service"] for one in affecting.incidents] == ["ledger", "payments"]
    _ranking_is_exact(any_desk)


def _ranking_is_exact(desk: Desk) -> None:
    most = desk.ask("Which services contributed most to CO₂ in the last 24 hours?")
    window = Window.before(NOW, timedelta(hours=24))
    sums: dict[str, list[float]] = {}
    for sample in desk.shop.samples:
        if window.holds(datetime.fromisoformat(sample.document["@timestamp"])):
            sums.setdefault(sample.document["service"], []).append(sample.document["estimated_co2_grams"])
    assert dict(most.charts[0].series[0].points) == pytest.approx(
        {name: fsum(one) for name, one in sums.items()}, rel=1e-12
    )
    assert most.evidence[0].result["total_grams"] == pytest.approx(fsum(map(fsum, sums.values())), rel=1e-12)


def test_other_questions(any_desk: Desk) -> None:
    assert "PoolTimeoutError" in str(any_desk.ask("Which errors had checkout since yesterday evening?").sections)
    assert "deploy-10" in str(any_desk.ask("What was deployed since yesterday?").sections)
    assert len(any_desk.ask("reports about ledger").reports) == 2
    assert any_desk.ask("How much CO2 did search emit in the last 3 hours?").charts
    assert any_desk.ask('logs of checkout with "no connection in the pool" since yesterday').evidence
