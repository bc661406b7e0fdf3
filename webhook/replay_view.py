"""A replay as its page shows it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from worker.domain.figures import CO2_GRAMS, describe, money, number
from worker.domain.report import Quantity, Verdict
from worker.domain.severity import Severity
from worker.domain.wording import VERDICTS, confidence_in_words
from worker.replay.compare import FIRST
from worker.replay.model import Difference, Gist, Item, ItemState, Manner, Replay
from worker.replay.reasons import Why
from worker.replay.summary import Accuracy, Summary

_BOUND = re.compile(r"\.(low|likely|high)$")
SHOWN = 200
FIELDS_SHOWN = 12
UNKNOWN_SHOWN = 5
STATES = {
    ItemState.SAME: "the same",
    ItemState.DIFFERENT: "different",
    ItemState.NEW: "new",
    ItemState.FAILED: "failed",
    ItemState.CANCELLED: "cancelled",
    ItemState.RUNNING: "running",
    ItemState.WAITING: "waiting",
}


@dataclass(frozen=True)
class Pair:
    """One thing before and after, as words; `differs` marks what is not the same."""

    name: str
    before: str
    after: str
    differs: bool


@dataclass(frozen=True)
class Compared:
    """One alert side by side. `was_here`: the report before is stored here, and can be opened."""

    item: Item
    pairs: list[Pair]
    others: list[str]
    why: list[str]
    was_here: bool


@dataclass(frozen=True)
class ReplayView:
    replay: Replay
    summary: Summary
    tally: list[tuple[str, str, int]]
    facts: list[tuple[str, str]]
    verdicts: list[tuple[str, str, int]]
    why: list[tuple[str, int]]
    changed: list[tuple[str, int]]
    compared: list[Compared]
    left_out: int

    @property
    def is_over(self) -> bool:
        return self.replay.is_over

    @property
    def accuracy(self) -> Accuracy | None:
        return self.summary.accuracy if self.summary.accuracy.labelled else None


def view_of(replay: Replay, summary: Summary) -> ReplayView:
    """The alerts whose verdict or cause differs come first."""
    different = sorted(summary.different, key=lambda item: (_weight(item), item.number))
    return ReplayView(
        replay=replay,
        summary=summary,
        tally=[(state.value, words, summary.tally[state]) for state, words in STATES.items() if summary.tally[state]],
        facts=_facts(replay),
        verdicts=[
            (VERDICTS[Verdict(was)], VERDICTS[Verdict(now)], count)
            for (was, now), count in summary.verdicts.most_common()
            if was != now
        ],
        why=[(Why(one).in_words, count) for one, count in summary.why.most_common()],
        changed=Counter(name for item in different for name in _groups(item.changed)).most_common(FIELDS_SHOWN),
        compared=[_compared(item) for item in different[:SHOWN]],
        left_out=max(0, len(different) - SHOWN),
    )


def _groups(fields: Iterable[str]) -> list[str]:
    """Fields as people speak of them: a figure and not its three numbers, a cause and not its parts."""
    return list(dict.fromkeys(_BOUND.sub("", "root_cause" if one.startswith("root_cause.") else one) for one in fields))


def _weight(item: Item) -> int:
    return min((FIRST.index(name) for name in item.changed if name in FIRST), default=len(FIRST))


def _facts(replay: Replay) -> list[tuple[str, str]]:
    """Which alerts, and how, as it was asked for."""
    chosen = replay.choice.model_dump(mode="json", exclude_defaults=True)
    times = {"since": replay.choice.since, "until": replay.choice.until}
    facts = [(name.capitalize(), f"{at:%H:%M} UTC, {at:%d %b %Y}") for name, at in times.items() if at]
    facts += [(name.capitalize(), _listed(value)) for name, value in chosen.items() if name not in {"ids", *times}]
    if replay.choice.ids:
        facts.append(("Alerts", f"{len(replay.choice.ids)} by their ids"))
    if replay.unknown:
        facts.append(("Unknown", f"{len(replay.unknown)} of the ids: {_listed(list(replay.unknown[:UNKNOWN_SHOWN]))}"))
    if replay.origin == "backtest":
        facts.append(("Alerts", "of a backtest of rules"))
    return [*facts, *_manner(replay.manner), ("Compared with", replay.against or "the original reports")]


def _manner(manner: Manner) -> list[tuple[str, str]]:
    known = "as of each alert's own time" if manner.as_of == "then" else "as of now"
    delivered = [("Delivered", "incidents were opened and people told")] if manner.deliver else []
    return [("Incidents", known), *delivered]


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _compared(item: Item) -> Compared:
    pairs = [_pair(name, item.was, item.now, words) for name, words in GIST.items()] if item.was and item.now else []
    told = {"verdict", "root_cause", "severity", "confidence", "impact.carbon.excess_co2_grams"}
    figures = [_figure(one) for one in item.differences if one.field in FIGURES]
    told |= {_BOUND.sub("", field) for field in FIGURES}
    return Compared(
        item=item,
        pairs=[*pairs, *figures],
        others=[name for name in _groups(item.changed) if name not in told],
        why=[Why(one).in_words for one in item.why],
        was_here=item.original is not None,
    )


def _figure(one: Difference) -> Pair:
    name, words = FIGURES[one.field]
    before, after = ("not known" if value is None else words(value) for value in (one.before, one.after))
    return Pair(name=name, before=before, after=after, differs=True)


def _pair(name: str, was: Gist, now: Gist, words: Any) -> Pair:
    before, after = words(was), words(now)
    return Pair(name=name, before=before, after=after, differs=before != after)


def _verdict(one: Gist) -> str:
    return VERDICTS[one.verdict]


def _severity(one: Gist) -> str:
    return Severity(one.severity).value.capitalize()


def _confidence(one: Gist) -> str:
    return "none" if one.confidence is None else confidence_in_words(one.confidence)


def _excess(one: Gist) -> str:
    return "not known" if one.excess_co2_grams is None else _co2(one.excess_co2_grams)


def _co2(grams: float) -> str:
    return describe(Quantity(low=grams, likely=grams, high=grams), CO2_GRAMS).likely


GIST = {
    "Verdict": _verdict,
    "Cause": lambda one: one.cause or "none",
    "Severity": _severity,
    "Confidence": _confidence,
    "Excess CO₂": _excess,
}


# What else a report counts, shown where it differs; the rest is named, and the reports hold it.
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "impact.users.requests_failed.likely": ("Requests failed", number),
    "impact.users.requests_slowed.likely": ("Requests slowed", number),
    "impact.users.users_affected.likely": ("Users affected", number),
    "impact.business.orders_affected.likely": ("Orders affected", number),
    "impact.business.revenue_lost_usd.likely": ("Revenue lost", money),
    "impact.carbon.actual_co2_grams.likely": ("Emitted CO₂", _co2),
    "impact.compute.excess_vcpu_hours.likely": ("vCPU-hours", number),
    "impact.compute.excess_cost_usd.likely": ("Excess cost", money),
}


def share_in_words(part: int, whole: int) -> str:
    return f"{number(100 * part / whole)} %"
