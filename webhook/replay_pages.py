"""The pages of replays: the list, and one with what came out otherwise. Nothing is changed from here."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from webhook.backtest_pages import Backtests
from webhook.pages import or_unavailable, page
from webhook.replay_view import view_of
from worker.replay.life import REPLAY_ID
from worker.replay.ports import ReplayStore
from worker.replay.summary import summary_of

LATEST = 50


def replay_pages_router(replays: ReplayStore, backtests: Backtests) -> APIRouter:
    """`GET /replays`, which lists the backtests as well, and `GET /replays/{id}`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/replays", response_class=HTMLResponse)
    def latest() -> HTMLResponse:
        return or_unavailable(lambda: _list_page(replays, backtests))

    @router.get("/replays/{replay_id}", response_class=HTMLResponse)
    def one(replay_id: str) -> HTMLResponse:
        return or_unavailable(lambda: _replay_page(replay_id, replays))

    return router


def _list_page(replays: ReplayStore, backtests: Backtests) -> HTMLResponse:
    return page("replays.html", replays=replays.latest(LATEST), backtests=backtests.latest(LATEST))


def _replay_page(replay_id: str, replays: ReplayStore) -> HTMLResponse:
    replay = replays.get(replay_id) if REPLAY_ID.fullmatch(replay_id) else None
    if replay is None:
        return page("no_replay.html", status=HTTPStatus.NOT_FOUND, replay_id=replay_id)
    return page("replay.html", view=view_of(replay, summary_of(replay, replays)))
