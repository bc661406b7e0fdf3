"""The pages of replays: progress, the tally, what differs side by side; and nothing that acts on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from tests.replay.builders import NOW, REPLAY_ID, item, replay
from tests.webhook_pages import samples
from tests.webhook_pages.dom import Dom, parse
from tests.webhook_pages.fakes import Browser, client
from webhook.pages import CONTENT_SECURITY_POLICY
from webhook.replay_pages import replay_pages_router
from worker.domain.alert import Rule
from worker.errors import EvidenceUnavailable
from worker.replay.compare import differences, gist
from worker.replay.model import Choice, Item, ItemState, Label, Replay, ReplayState
from worker.replay.reasons import reasons

HOSTILE = "<img src=x onerror=alert(1)>\u202e"


class Replays:
    """A store of one replay; only what pages read."""

    def __init__(self, found: Replay | None, items: list[Item], *, is_away: bool = False) -> None:
        self._found, self._items, self._is_away = found, items, is_away

    def get(self, replay_id: str) -> Replay | None:
        self._answer()
        return self._found if self._found and self._found.replay_id == replay_id else None

    def latest(self, limit: int) -> list[Replay]:
        self._answer()
        return [self._found][:limit] if self._found else []

    def items(self, replay_id: str, *states: ItemState, page: int = 500) -> Iterator[Item]:
        return iter([one for one in self._items if not states or one.state in states])

    def tally(self, replay_id: str) -> Counter[ItemState]:
        return Counter(one.state for one in self._items)

    def _answer(self) -> None:
        if self._is_away:
            raise EvidenceUnavailable("Elasticsearch cannot be reached", retryable=True)


def compared(alert_id: str, before: Any, after: Any, **more: Any) -> Item:
    was, now = (one.model_dump(mode="json", by_alias=True) for one in (before, after))
    found = differences(was, now)
    return item(
        alert_id,
        state=ItemState.DIFFERENT if found else ItemState.SAME,
        original=before.report_id,
        report_id=f"r-{REPLAY_ID}-{alert_id}",
        was=gist(was),
        now=gist(now),
        differences=found,
        changed=[one.field for one in found],
        why=reasons(was, now, [one.field for one in found]),
        **more,
    )


def items() -> list[Item]:
    bad = samples.bad_deployment()
    milder = samples.report(confidence=0.81)
    labelled = {"label": Label(service="checkout"), "right_before": True, "right_after": False, "lost": True}
    return [
        compared("a-same", bad, bad),
        compared("a-confidence", bad, milder, number=1),
        compared("a-verdict", bad, samples.inconclusive(), number=2, **labelled),
        item("a-failed", number=3, state=ItemState.FAILED, reason="2 attempts ended without a report"),
        item("a-new", number=4, state=ItemState.NEW, report_id=f"r-{REPLAY_ID}-a-new", now=gist(stored(bad))),
    ]


def stored(report: Any) -> dict[str, Any]:
    document: dict[str, Any] = report.model_dump(mode="json", by_alias=True)
    return document


class NoBacktests:
    def latest(self, limit: int) -> list[Any]:
        return []


def browser(found: Replay | None = None, listed: list[Item] | None = None, *, is_away: bool = False) -> Browser:
    app = FastAPI()
    replays = Replays(found, listed or [], is_away=is_away)
    app.include_router(replay_pages_router(replays, NoBacktests()))  # type: ignore[arg-type]
    return Browser(app)


def done(**more: Any) -> Replay:
    choice = Choice(since=NOW, service=("checkout",))
    return replay(state=ReplayState.DONE, alerts=5, finished_at=NOW, choice=choice, labelled=True, **more)


def page_of(found: Replay, listed: list[Item]) -> Dom:
    answer = browser(found, listed).get(f"/replays/{REPLAY_ID}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    return parse(answer.text)


def test_why_they_differ_and_which_figures_is_said_side_by_side() -> None:
    bad = samples.bad_deployment()
    users = bad.impact.users.model_copy(update={"requests_failed": samples.between(1, 2, 3)})
    fewer = bad.model_copy(update={"impact": bad.impact.model_copy(update={"users": users})})
    words = page_of(done(), [compared("a", bad, fewer)]).words
    assert "1: the same was read and judged otherwise, by something that the reports do not name." in words
    assert "Requests failed 3,240 2" in words
    assert "Why: the same was read and judged otherwise" in words


def test_the_first_screen_says_how_many_agree_and_whether_it_is_worse() -> None:
    words = page_of(done(), items()).words
    for answer in [
        "Done Worse than before",
        "1 of 5 alerts gave the same findings",
        "of 1 alert with a label, 0 right, and 1 before.",
        "1 the same 2 different 1 new 1 failed",
        "Service checkout",
        "Compared with the original reports",
    ]:
        assert answer in words


def test_what_differs_stands_side_by_side_the_weightiest_first() -> None:
    dom = page_of(done(), items())
    assert dom.words.index("Verdict Root cause found Inconclusive") < dom.words.index("Confidence 0.93 0.81")
    assert "1 went from “Root cause found” to “Inconclusive”." in dom.words
    links = dom.values("href")
    assert "/reports/r-5d1c0a7e" in links
    assert f"/reports/r-{REPLAY_ID}-a-verdict" in links


def test_accuracy_before_and_now() -> None:
    assert "Before 1 100 % Now 0 0 %" in page_of(done(), items()).words
    assert "Accuracy" not in page_of(done(), items()[:1]).words


def test_a_running_one_shows_its_progress_and_looks_again_by_itself() -> None:
    running = replay(alerts=5)
    dom = page_of(running, [*items()[:2], item("w")])
    assert "2 of 5 alerts replayed" in dom.words
    assert [tag.attributes["content"] for tag in dom.tags("meta") if "http-equiv" in tag.attributes] == ["5"]
    (bar,) = dom.tags("progress")
    assert (bar.attributes["value"], bar.attributes["max"]) == ("2", "5")
    assert not [tag for tag in page_of(done(), items()).tags("meta") if "http-equiv" in tag.attributes]


def test_what_alerts_say_is_shown_and_never_acts() -> None:
    hostile = item("a", state=ItemState.FAILED, reason=HOSTILE)
    alert = hostile.alert.model_copy(update={"group": HOSTILE, "rule": Rule(id="r", name=HOSTILE)})
    html = (
        browser(done(against=HOSTILE), [hostile.model_copy(update={"alert": alert})]).get(f"/replays/{REPLAY_ID}").text
    )
    assert "<img" not in html
    assert "\u202e" not in html


def test_the_list_leads_to_each() -> None:
    dom = parse(browser(done()).get("/replays").text)
    assert f"/replays/{REPLAY_ID}" in dom.values("href")
    assert "5 alerts" in dom.words
    assert "spiketrace replay --since 30d" in parse(browser().get("/replays").text).words


@pytest.mark.parametrize("replay_id", ["replay-none", "feed", "..", "x" * 300])
def test_an_unknown_one_is_a_page_that_says_what_to_do(replay_id: str) -> None:
    answer = browser(done()).get(f"/replays/{replay_id}")
    assert answer.status_code == 404


def test_an_unreadable_store_is_a_503() -> None:
    for path in ("/replays", f"/replays/{REPLAY_ID}"):
        assert browser(is_away=True).get(path).status_code == 503


def test_a_report_of_a_replay_says_so_and_leads_to_the_original_if_there_is_one() -> None:
    original = samples.bad_deployment()
    again = samples.report(report_id="r-2", replay_of=original.report_id, replay_id=REPLAY_ID)
    page = parse(client(original, again).get("/reports/r-2").text)
    assert "A replay, and not the alert's own report. The original" in page.words
    assert {f"/reports/{original.report_id}", f"/replays/{REPLAY_ID}"} <= set(page.values("href"))
    alone = parse(client(again).get("/reports/r-2").text)
    assert "The alert has no report of its own." in alone.words
    assert f"/reports/{original.report_id}" not in alone.values("href")
