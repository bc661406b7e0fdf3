"""Rules over the past: when each would have fired, what it would have caught, and what another threshold would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

import numpy as np
from elasticsearch import Elasticsearch

from kibana.asked import Asked, Met
from kibana.catches import catch
from kibana.history import read_history
from kibana.lives import Life
from kibana.rules import EsqlQueryParams, Flapping, Rule
from kibana.simulate import KIBANA_S_OWN, Values, follow, messages_of, values_of
from kibana.windows import MOST_VALUES, Floats, Readings, Runs, UnseenHits, join, read_values
from worker.domain.backtest import Catch, KnownIncident, PastAlert, RuleResult, SweepPoint, minutes
from worker.errors import ConfigurationError

DAY = timedelta(days=1)
# Of the values that decide on whether the rule fires; what lies far below fires always.
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
SIGNIFICANT_DIGITS = 3
NOTHING_FOUND = (
    "It found nothing to compare in any run: either there was nothing, or its index, time field, filter or fields are "
    "not those of your documents."
)

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Question:
    """What is asked of each rule. `meaning` says which fields are a service and which a region.

    `thresholds`: None for those that the values suggest, empty for no sweep.
    """

    since: datetime
    until: datetime
    incidents: Sequence[KnownIncident] = ()
    meaning: Mapping[str, str] = field(default_factory=dict)
    thresholds: Sequence[float] | None = None
    flapping: Flapping = KIBANA_S_OWN

    @property
    def days(self) -> float:
        return (self.until - self.since) / DAY


@dataclass(frozen=True)
class Described:
    """What the manifest knows of a rule."""

    asks: str | None = None
    unit: str | None = None


def read_rule(client: Elasticsearch, rule: Rule, question: Question, progress: Progress) -> tuple[Runs, Values]:
    """What the rule would have compared, read stretch by stretch; `progress` hears the share that is done.

    Raises EvidenceUnavailable, and ConfigurationError where there is more than fits into memory.
    """
    runs = Runs.of(rule, question.since, question.until)
    if rule.excludes_seen_hits:
        history = read_history(client, rule, since=runs.first, until=runs.date(max(runs.count - 1, 0)))
        progress(1.0)
        return runs, values_of(rule, history, runs)
    parts: list[Readings] = []
    for stretch in _stretches(rule, runs):
        history = read_history(client, rule, since=stretch.first, until=stretch.date(stretch.count - 1))
        parts.append(read_values(rule, history, stretch))
        _refuse_too_many(rule, parts)
        progress((stretch.date(stretch.count) - runs.first) / (runs.interval * runs.count))
    return runs, join(parts, runs)


def assess(
    rule: Rule, values: Values, runs: Runs, question: Question, described: Described, asked: Asked | None = None
) -> RuleResult:
    """Of one rule, by what was read for it, or `asked` of it run by run."""
    alerts, messages = _alerts(rule, values, runs, question.flapping)
    return RuleResult(
        rule_id=rule.id,
        name=rule.name,
        asks=described.asks,
        condition=condition_in_words(rule),
        unit=described.unit,
        interval=rule.schedule.interval,
        delay=rule.alert_delay.active,
        is_enabled=rule.enabled,
        threshold=list(rule.params.threshold),
        searches=asked.searches if asked else None,
        runs=runs.count,
        alerts=alerts,
        alerts_a_day=len(alerts) / question.days,
        active_minutes=_active_minutes(alerts, question.until),
        messages=messages,
        catches=_catches(rule, alerts, question),
        sweep=list(_sweep(rule, values, runs, question)),
        notes=[*_notes(rule), *_notes_of_nothing(rule, values), *(_notes_of_asking(asked) if asked else ())],
    )


def condition_in_words(rule: Rule) -> str:
    """`sum(estimated_co2_grams) of 10m by service > 125`"""
    params = rule.params
    if isinstance(params, EsqlQueryParams):
        by = f" by {', '.join(params.term_fields)}" if params.term_fields else ""
        return f"rows of ES|QL{by} over {params.time_window_size}{params.time_window_unit}"
    what = f"{params.agg_type}({params.agg_field})" if params.agg_field else "count"
    by = f" by {', '.join(params.term_fields)}" if params.term_fields else ""
    limits = " and ".join(f"{limit:g}" for limit in params.threshold)
    window = f"{params.time_window_size}{params.time_window_unit}"
    return f"{what} of {window}{by} {params.threshold_comparator} {limits}"


def _stretches(rule: Rule, runs: Runs) -> Iterator[Runs]:
    """Of a day or four windows: what reaches from one into the next is read twice."""
    length = max(DAY, 4 * rule.condition.window)
    most = max(1, length // runs.interval)
    for start in range(0, runs.count, most):
        yield Runs(runs.date(start), runs.interval, min(most, runs.count - start))


def _refuse_too_many(rule: Rule, parts: Sequence[Readings]) -> None:
    if sum(len(part.run) for part in parts) > MOST_VALUES:
        raise ConfigurationError(
            f"rule {rule.id} compares more than {MOST_VALUES:,} values in that time: give a shorter --since"
        )


def _alerts(
    rule: Rule, values: Values, runs: Runs, flapping: Flapping, threshold: Sequence[float] | None = None
) -> tuple[list[PastAlert], int]:
    """In the order in which they began, and how many messages the rule's actions sent of them."""
    alerts: dict[str, PastAlert] = {}
    last_met: dict[str, float] = {}
    messages = 0
    for run, met, outcome in follow(rule, values, runs, flapping, threshold):
        date = runs.date(run)
        # A flapping alert that is held through its delay becomes active in a run that does not meet the condition.
        last_met |= met
        for life in outcome.active:
            alerts[str(life.uuid)] = _seen(rule, life, alerts.get(str(life.uuid)), last_met[life.instance], date)
        for life in outcome.recovered:
            alerts[str(life.uuid)] = _ended(life, alerts[str(life.uuid)], date)
        messages += messages_of(rule, outcome, date)
    return list(alerts.values()), messages


def _seen(rule: Rule, life: Life, known: PastAlert | None, value: float, date: datetime) -> PastAlert:
    if known is None:
        return PastAlert(
            instance=life.instance, uuid=str(life.uuid), started_at=date, ended_at=None, value=value, furthest=value
        )
    further = min if rule.params.threshold_comparator in {"<", "<="} else max
    if further(value, known.furthest) == known.furthest:
        return known
    return known.model_copy(update={"furthest": value})


def _ended(life: Life, known: PastAlert, date: datetime) -> PastAlert:
    return known.model_copy(update={"ended_at": date, "flapping": life.has_flapped})


def _active_minutes(alerts: Sequence[PastAlert], until: datetime) -> float:
    """Of the time in which any of them was on."""
    total, reached = timedelta(0), None
    for alert in alerts:
        start = alert.started_at if reached is None else max(alert.started_at, reached)
        end = alert.ended_at or until
        total += max(end - start, timedelta(0))
        reached = end if reached is None else max(reached, end)
    return minutes(total)


def _catches(rule: Rule, alerts: Sequence[PastAlert], question: Question) -> list[Catch]:
    fields = rule.params.term_fields
    return [catch(incident, alerts, fields, question.meaning) for incident in question.incidents]


def _sweep(rule: Rule, values: Values, runs: Runs, question: Question) -> Iterator[SweepPoint]:
    own = list(rule.params.threshold)
    is_wanted = question.thresholds is None or len(question.thresholds) > 0
    if len(own) > 1 or not is_wanted or isinstance(values, Met):
        return
    wanted = _suggested(rule, values) if question.thresholds is None else question.thresholds
    for limit in sorted({*wanted, own[0]}):
        alerts, _ = _alerts(rule, values, runs, question.flapping, [limit])
        caught = [one for one in _catches(rule, alerts, question) if one.is_caught]
        late = [one.minutes_late for one in caught if one.minutes_late is not None]
        yield SweepPoint(
            threshold=[limit],
            is_the_rule_s=limit == own[0],
            alerts=len(alerts),
            alerts_a_day=len(alerts) / question.days,
            active_minutes=_active_minutes(alerts, question.until),
            caught=len(caught),
            missed=len(question.incidents) - len(caught),
            minutes_late=median(late) if late else None,
        )


def _suggested(rule: Rule, values: Values) -> list[float]:
    """Quantiles of what decides on whether the rule fires: of each run, the value that is furthest."""
    if isinstance(values, UnseenHits):
        furthest = values.compared
    elif isinstance(values, Readings) and len(values.run):
        furthest = _furthest(values, is_low=rule.condition.threshold_comparator in {"<", "<="})
    else:
        return []
    shares = [1 - share for share in QUANTILES] if rule.condition.threshold_comparator in {"<", "<="} else QUANTILES
    return sorted({_rounded(float(value)) for value in np.quantile(furthest, shares)}) if len(furthest) else []


def _furthest(values: Readings, *, is_low: bool) -> Floats:
    starts = np.flatnonzero(np.diff(values.run, prepend=-1))
    furthest: Floats = (np.minimum if is_low else np.maximum).reduceat(values.value, starts)
    return furthest


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _notes(rule: Rule) -> Iterator[str]:
    if not rule.enabled:
        yield "It is switched off as it stands."
    if len(rule.params.threshold) > 1:
        yield "No sweep: it has two thresholds."
    if not rule.params.term_fields:
        yield "It has no groups: any incident of its time counts as caught."


def _notes_of_nothing(rule: Rule, values: Values) -> Iterator[str]:
    """A rule that could not fire looks as quiet as one that need not."""
    if isinstance(values, UnseenHits):
        found = bool(np.any(values.compared))
    elif isinstance(values, Readings):
        # Without groups a count of nothing is compared as well.
        found = bool(len(values.value) if rule.params.term_fields else np.any(values.value))
    else:
        return
    if not found:
        yield NOTHING_FOUND


def _notes_of_asking(asked: Asked) -> Iterator[str]:
    yield f"Asked of Elasticsearch run by run, {asked.searches:,} searches as of their own moments."
    if isinstance(asked.values, Met):
        yield f"No sweep: {asked.values.why}."
    if asked.partial:
        yield f"{asked.partial:,} of the answers are partial: shards or clusters failed, or ran out of time."
