"""What a replay came to: how many agree, which differ and why, and how often each was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.replay.model import Item, ItemState, Replay
from worker.replay.ports import ReplayStore


@dataclass
class Accuracy:
    """Over the alerts with a label: how many were right. An alert without a report of that side was not right."""

    labelled: int = 0
    before: int = 0
    after: int = 0

    @property
    def share_before(self) -> float | None:
        return self.before / self.labelled if self.labelled else None

    @property
    def share_after(self) -> float | None:
        return self.after / self.labelled if self.labelled else None


@dataclass
class Summary:
    """Of all items of a replay. `changed`: by field, in how many alerts it differs.

    `why`: by reason, likewise. `unknown`: ids that were asked for and that no alert has.
    """

    alerts: int = 0
    tally: Counter[ItemState] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    different: list[Item] = field(default_factory=list)
    new: list[Item] = field(default_factory=list)
    failed: list[Item] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    accuracy: Accuracy = field(default_factory=Accuracy)

    @property
    def finished(self) -> int:
        return sum(number for state, number in self.tally.items() if state.is_final)

    @property
    def compared(self) -> int:
        """How many were held against a report, or have lost the one there was."""
        failed = sum(item.lost for item in self.failed)
        return self.tally[ItemState.SAME] + self.tally[ItemState.DIFFERENT] + failed

    @property
    def is_worse(self) -> bool:
        """Worse than before. With labels: fewer are right. Without: an answer that was given is given no more."""
        if self.accuracy.labelled:
            return self.accuracy.after < self.accuracy.before
        return bool(self.lost)

    def worse_in_words(self) -> str | None:
        """Why it is worse; None if it is not."""
        if not self.is_worse:
            return None
        if self.accuracy.labelled:
            one = self.accuracy
            return f"of {alerts_in_words(one.labelled)} with a label, {one.after} right, and {one.before} before"
        listed = ", ".join(self.lost[:5]) + (" …" if len(self.lost) > 5 else "")
        return f"{alerts_in_words(len(self.lost))} without the answer there was: {listed}"


def alerts_in_words(number: int) -> str:
    return f"{number} alert{'' if number == 1 else 's'}"


def summary_of(replay: Replay, store: ReplayStore) -> Summary:
    """Of what the store holds. What came out the same is counted and not read: of thousands it is nearly all."""
    told = () if replay.labelled else (ItemState.DIFFERENT, ItemState.NEW, ItemState.FAILED)
    found = summarise(store.items(replay.replay_id, *told))
    found.tally = Counter(store.tally(replay.replay_id))
    found.alerts = sum(found.tally.values())
    found.unknown = replay.unknown
    return found


def summarise(items: Iterable[Item]) -> Summary:
    found = Summary()
    for item in items:
        found.alerts += 1
        found.tally[item.state] += 1
        _sort_in(item, found)
        _score(item, found.accuracy)
    return found


def _sort_in(item: Item, found: Summary) -> None:
    lists = {ItemState.DIFFERENT: found.different, ItemState.NEW: found.new, ItemState.FAILED: found.failed}
    if item.state in lists:
        lists[item.state].append(item)
    found.changed.update(item.changed)
    found.why.update(item.why)
    if item.was and item.now:
        found.verdicts[(item.was.verdict.value, item.now.verdict.value)] += 1
    if item.lost:
        found.lost.append(item.alert_id)


def _score(item: Item, accuracy: Accuracy) -> None:
    """What never ran counts on neither side."""
    if item.label and item.state.is_final and item.state is not ItemState.CANCELLED:
        accuracy.labelled += 1
        accuracy.before += bool(item.right_before)
        accuracy.after += bool(item.right_after)


def unknown_document(unknown: Sequence[str]) -> dict[str, Any]:
    """Of the ids that no alert has; nothing where each has one."""
    return {"unknown_ids": list(unknown)} if unknown else {}


def document(replay_id: str | None, found: Summary) -> dict[str, Any]:
    """For programs. An alert that had no report is listed as different in its `report`."""
    changed = [
        {"alert_id": item.alert_id, "field": one.field, "before": one.before, "after": one.after}
        for item in found.different
        for one in item.differences
    ]
    appeared = [
        {"alert_id": item.alert_id, "field": "report", "before": None, "after": item.report_id} for item in found.new
    ]
    answer: dict[str, Any] = {
        "replay_id": replay_id,
        "alerts": found.alerts,
        "same": found.tally[ItemState.SAME],
        "different": [*changed, *appeared],
        "failed": [{"alert_id": item.alert_id, "reason": item.reason} for item in found.failed],
    }
    why = {"why": {item.alert_id: item.why for item in found.different}} if found.different else {}
    return answer | why | unknown_document(found.unknown) | _accuracy(found.accuracy)


def full_document(replay: Replay, found: Summary) -> dict[str, Any]:
    """As `document`, with the replay's life and the tally."""
    return {
        **document(replay.replay_id, found),
        "state": replay.state.value,
        "created_at": replay.created_at.isoformat(),
        "finished_at": replay.finished_at.isoformat() if replay.finished_at else None,
        "reason": replay.reason,
        "origin": replay.origin,
        "against": replay.against,
        "choice": replay.choice.model_dump(mode="json", exclude_defaults=True),
        "manner": replay.manner.model_dump(mode="json"),
        "tally": {state.value: found.tally[state] for state in ItemState},
        "changed": dict(found.changed.most_common()),
        "reasons": dict(found.why.most_common()),
        "worse": found.worse_in_words(),
    }


def _accuracy(one: Accuracy) -> dict[str, Any]:
    if not one.labelled:
        return {}
    figures = {"labelled": one.labelled, "before": one.share_before, "after": one.share_after}
    return {"accuracy": figures}
