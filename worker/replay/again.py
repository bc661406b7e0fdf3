"""One alert of a replay, from the queue to what became of it: every step is safe to repeat, by whichever worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from worker.domain.alert import Alert
from worker.domain.report import Report, report_id_of
from worker.errors import InvestigationError
from worker.known import Knowledge
from worker.markdown import render_markdown
from worker.ports import ReportStore
from worker.replay.compare import differences, gist, is_lost
from worker.replay.delivering import Delivery
from worker.replay.labels import is_right
from worker.replay.model import Item, ItemState, Replay, ReplayState, replay_report_id
from worker.replay.ports import ReplayStore
from worker.replay.reasons import reasons

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ReplayDesk:
    """What it takes to replay. `delivery` is used where a replay asks for it, and by no other."""

    replays: ReplayStore
    reports: ReportStore
    investigate: Callable[[Alert, str, Knowledge], Report]
    delivery: Delivery
    max_attempts: int
    lease_seconds: float = 15.0


def claim(replay_id: str, alert_id: str, owner: str, desk: ReplayDesk) -> Item | None:
    """The item, ours for `lease_seconds`; None when it is finished or another's. The same owner may claim again."""
    now = datetime.now(UTC)

    def take(item: Item) -> Item | None:
        is_held = item.state is ItemState.RUNNING and item.claimed_by != owner and _lives(item, now)
        if item.state.is_final or is_held:
            return None
        return item.model_copy(
            update={
                "state": ItemState.RUNNING,
                "attempts": item.attempts + 1,
                "claimed_by": owner,
                "lease_until": now + timedelta(seconds=desk.lease_seconds),
            }
        )

    return desk.replays.change_item(replay_id, alert_id, take)


def renew(item: Item, desk: ReplayDesk) -> None:
    lease_until = datetime.now(UTC) + timedelta(seconds=desk.lease_seconds)

    def prolong(found: Item) -> Item | None:
        is_ours = found.state is ItemState.RUNNING and found.claimed_by == item.claimed_by
        return found.model_copy(update={"lease_until": lease_until}) if is_ours else None

    if desk.replays.change_item(item.replay_id, item.alert_id, prolong) is None:
        log.warning("the lease is lost", action="lease-lost", replay_id=item.replay_id, alert_id=item.alert_id)


def run(item: Item, desk: ReplayDesk) -> Item:
    """Investigate a claimed item again and compare. Raises what an investigation raises."""
    replay = desk.replays.get(item.replay_id)
    if replay is None:
        raise InvestigationError(f"the replay {item.replay_id} is gone", retryable=False)
    # Every claim counts: those of attempts that failed, and those whose worker was gone before it could say why.
    if item.attempts > desk.max_attempts:
        raise InvestigationError(f"{desk.max_attempts} attempts ended without a report", retryable=False)
    report = desk.reports.get(replay_report_id(item.replay_id, item.alert_id)) or _investigated(item, replay, desk)
    if replay.manner.deliver:
        desk.delivery.tell(report)
    return _finish(item, _outcome(item, report, desk), desk)


def give_up(item: Item, desk: ReplayDesk, *, reason: str) -> Item:
    """No dead letter: nobody waits for it, and the replay names it under `failed`."""
    log.warning("not replayed", action="replay-failed", replay_id=item.replay_id, alert_id=item.alert_id, reason=reason)
    had_a_report = bool(item.before or _original(item, desk))
    return _finish(item, {"state": ItemState.FAILED, "reason": reason, "lost": had_a_report}, desk)


def try_later(item: Item, desk: ReplayDesk, *, reason: str) -> None:
    """Waiting again: the feed knows when."""

    def freed(found: Item) -> Item | None:
        if found.state.is_final or found.claimed_by != item.claimed_by:
            return None
        return found.model_copy(
            update={"state": ItemState.WAITING, "reason": reason, "claimed_by": None, "lease_until": None}
        )

    desk.replays.change_item(item.replay_id, item.alert_id, freed)


def is_cancelled(item: Item, desk: ReplayDesk) -> bool:
    """Whether the replay was cancelled while the item waited on the queue; then the item is marked, too."""
    replay = desk.replays.get(item.replay_id)
    if replay is None or replay.state is not ReplayState.CANCELLED:
        return False
    _finish(item, {"state": ItemState.CANCELLED}, desk)
    return True


def _investigated(item: Item, replay: Replay, desk: ReplayDesk) -> Report:
    knowledge = Knowledge(by=item.known_by or item.alert.date)
    if replay.manner.as_of == "now":
        knowledge = Knowledge(as_of_now=True)
    report = as_replay(desk.investigate(item.alert, item.alert_id, knowledge), item)
    if replay.manner.deliver:
        report = desk.delivery.record(report)
    if desk.reports.create(report):
        return report
    return desk.reports.get(report.report_id) or report


def as_replay(report: Report, item: Item) -> Report:
    """The report under an id of its own, and marked, so that nobody takes it for the alert's own."""
    marked = report.model_copy(
        update={
            "report_id": replay_report_id(item.replay_id, item.alert_id),
            "replay_of": report_id_of(item.alert_id),
            "replay_id": item.replay_id,
        }
    )
    return marked.model_copy(update={"markdown": render_markdown(marked)})


def _outcome(item: Item, report: Report, desk: ReplayDesk) -> dict[str, Any]:
    after = report.model_dump(mode="json", by_alias=True)
    before = item.before or _original(item, desk)
    found: dict[str, Any] = {"report_id": report.report_id, "now": gist(after), "state": ItemState.NEW}
    if before:
        differing = differences(before, after)
        found |= {
            "was": gist(before),
            "differences": differing,
            "changed": (changed := [one.field for one in differing]),
            "why": reasons(before, after, changed),
            "state": ItemState.DIFFERENT if differing else ItemState.SAME,
            "lost": is_lost(before, after),
        }
    if item.label:
        found |= {"right_after": is_right(after, item.label)}
        found |= {"right_before": is_right(before, item.label)} if before else {}
    return found


def _original(item: Item, desk: ReplayDesk) -> dict[str, Any] | None:
    report = desk.reports.get(item.original) if item.original else None
    return report.model_dump(mode="json", by_alias=True) if report else None


def _finish(item: Item, outcome: dict[str, Any], desk: ReplayDesk) -> Item:
    """What is finished stays as it is: then somebody else was faster, and that is what counts."""
    finished = {"reason": None, "claimed_by": None, "lease_until": None, "finished_at": datetime.now(UTC)} | outcome

    def end(found: Item) -> Item | None:
        return None if found.state.is_final else found.model_copy(update=finished)

    return desk.replays.change_item(item.replay_id, item.alert_id, end) or item


def _lives(item: Item, now: datetime) -> bool:
    return item.lease_until is not None and item.lease_until > now
