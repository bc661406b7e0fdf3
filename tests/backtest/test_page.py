"""The page of a backtest, and the list."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import httpx
import pytest
from fastapi import FastAPI

from tests.backtest.samples import HOSTILE, alert, backtest, hostile, rule
from tests.webhook_pages.dom import Dom, parse
from webhook.backtest_charts import MOST_ROWS, draw_sweep, draw_timeline, rows_of
from webhook.backtest_pages import backtest_router
from webhook.pages import CONTENT_SECURITY_POLICY
from webhook.replay_pages import replay_pages_router
from worker.domain.backtest import Backtest, BacktestHead
from worker.errors import EvidenceUnavailable
from worker.replay.model import Replay


class Backtests:
    def __init__(self, *backtests: Backtest) -> None:
        self.by_id = {one.backtest_id: one for one in backtests}

    def get(self, backtest_id: str) -> Backtest | None:
        return self.by_id.get(backtest_id)

    def latest(self, limit: int) -> list[BacktestHead]:
        return [one.head for one in list(self.by_id.values())[:limit]]


class Unreachable(Backtests):
    def get(self, backtest_id: str) -> Backtest | None:
        raise EvidenceUnavailable("Elasticsearch did not answer", retryable=True)


class NoReplays:
    def latest(self, limit: int) -> Sequence[Replay]:
        return []


def get(path: str, backtests: Backtests) -> httpx.Response:
    app = FastAPI()
    app.include_router(backtest_router(backtests))
    app.include_router(replay_pages_router(NoReplays(), backtests))  # type: ignore[arg-type]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(ask())


def page_of(told: Backtest) -> Dom:
    answer = get(f"/backtests/{told.backtest_id}", Backtests(told))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    return parse(answer.text)


def test_it_says_what_would_have_happened() -> None:
    words = page_of(backtest()).words
    for said in [
        "2 alerts of 1 rule, and 1 of 2 known incidents caught",
        "count of 10m by service > 4 lines, every 1m, 3 runs in a row",
        "2 alerts, 0.286 a day, on for 1 h 30 min in all; 4 messages of its actions",
        "4 the rule's own 2 0.286 2 h 1 of 2 12 min after its beginning",
        "Trouble i1 checkout 09:48 UTC, 1 Nov 2026 caught 12 min after its beginning, by checkout",
        "Missed by all Trouble i2",
        "By ES|QL: its ES|QL runs in Elasticsearch only.",
    ]:
        assert said in words, said


def test_every_id_is_there_once() -> None:
    ids = page_of(backtest(rule(alert(1, 2)), rule(alert(3, 4)))).values("id")
    assert len(ids) == len(set(ids))


def test_a_page_without_alerts_and_incidents() -> None:
    quiet = rule().model_copy(update={"catches": [], "sweep": []})
    told = backtest(quiet).model_copy(update={"incidents": [], "not_simulated": []})
    words = page_of(told).words
    assert "0 alerts of 1 rule" in words
    assert "Not simulated" not in words


def test_hostile_names_change_no_element() -> None:
    dom = page_of(hostile())
    assert [script.attributes["src"].split("?")[0] for script in dom.tags("script")] == ["/static/spiketrace.js"]
    assert not dom.tags("img")
    assert not [name for element in dom.elements for name in element.attributes if name.startswith(("on", "style"))]
    assert {href[0] for href in dom.values("href")} <= {"/", "#"}
    assert HOSTILE.removesuffix("\u202e") in dom.words
    assert "\u202e" not in dom.text


@pytest.mark.parametrize("name", ["backtest-x", "feed", "replay-1", "backtest-" + "a" * 200])
def test_another_id_is_not_found(name: str) -> None:
    answer = get(f"/backtests/{name}", Backtests(backtest()))
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_an_engine_that_is_away_is_told() -> None:
    assert get("/backtests/backtest-x", Unreachable()).status_code == 503


def test_the_list_leads_to_it() -> None:
    dom = parse(get("/replays", Backtests(backtest())).text)
    assert "/backtests/backtest-20261108-000000-abc123" in dom.values("href")
    assert "2 alerts of 1 rule, 1 of 2 incidents caught" in dom.words
    assert "No backtests yet" in parse(get("/replays", Backtests()).text).words


def test_a_timeline_has_a_line_a_group_and_one_for_the_others() -> None:
    many = rule(*(alert(n, n + 1 + n / 10, f"service-{n}") for n in range(12)))
    rows = rows_of(many, backtest().until)
    assert len(rows) == MOST_ROWS
    assert (rows[0].name, rows[-1].name) == ("service-11", "5 others")
    assert sum(len(row.alerts) for row in rows) == 12


def test_where_no_incident_is_known_a_sweep_shows_none() -> None:
    found = rule(alert(1, 2))
    points = [point.model_copy(update={"caught": 0, "missed": 0}) for point in found.sweep]
    assert "incidents caught, of 2" in draw_sweep(found, name="s")
    assert "incidents caught" not in draw_sweep(found.model_copy(update={"sweep": points}), name="s")


def test_no_drawing_leaves_its_frame() -> None:
    told = backtest(rule(alert(-5, 2), alert(100, None), alert(167.99, 168)))
    drawing = draw_timeline(told, told.rules[0], name="t") + draw_sweep(told.rules[0], name="s")
    percentages = [float(found) for found in re.findall(r'"(-?[\d.]+)%"', drawing)]
    assert percentages
    assert all(0 <= share <= 100 for share in percentages)
