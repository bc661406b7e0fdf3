"""What is said of a service that was weighed by roles, calls, log patterns and behaviour, not by fixed signals."""

from __future__ import annotations

from worker.analysis.deviation import Deviation
from worker.analysis.system.calls import FewerCalls, Slower
from worker.analysis.system.patterns import PatternChange
from worker.analysis.system.weighing import Account
from worker.domain.redaction.redact import excerpt
from worker.domain.telemetry import Metric
from worker.domain.text import one_line
from worker.writing.figures import listed, number, percent

MOST_PARTS = 4
MOST_METRICS = 3
MOST_SLOWER = 2
LONGEST_EXAMPLE = 90
LONGEST_READ = 1_000
# A part of what a service shows that is worth naming.
NOTABLE = 0.5
MOSTLY = 0.5
UNITS_IN_NAMES = {"percent": "%", "seconds": "s", "milliseconds": "ms", "ratio": ""}


def level(metric: Metric, value: float) -> str:
    """`420 ms`, `85 %`: the unit as the profile says, else as the metric's own name does."""
    unit = metric.unit or UNITS_IN_NAMES.get(metric.name.rsplit("_", 1)[-1], "")
    if unit == "s":
        return seconds(value)
    # 99.9 and 99.5 % are not the same.
    figure = f"{value:.4g}" if metric.role == "availability" else number(value)
    return f"{figure} {unit}".rstrip()


def seconds(value: float) -> str:
    return f"{number(value)} s" if abs(value) >= 1 else f"{number(1000 * value)} ms"


def title(metric: Metric) -> str:
    words = metric.label or metric.name.removesuffix(f"_{metric.name.rsplit('_', 1)[-1]}")
    if not metric.label and metric.name.rsplit("_", 1)[-1] not in UNITS_IN_NAMES:
        words = metric.name
    return words.replace("_", " ")


def symptom(found: Deviation) -> str:
    assert found.metric is not None
    now, usual = level(found.metric, found.actual), level(found.metric, found.expected)
    return f"{title(found.metric)} {now} (usually {usual})"


def reasons(account: Account) -> list[str]:
    """What speaks for it, the weightiest first."""
    weighed = [
        *(
            (one.strength, symptom(_as_deviation(one.metric, one.actual, one.usual)))
            for one in account.anomalies[:MOST_METRICS]
        ),
        (account.calls.strength if account.calls else 0.0, _slower(account)),
        (account.logs, _lines(account)),
        (account.behaviour, _fewer(account.fewer)),
    ]
    said = [text for weight, text in sorted(weighed, key=lambda part: -part[0]) if weight > 0 and text]
    return said[:MOST_PARTS]


def _as_deviation(metric: Metric, actual: float, usual: float) -> Deviation:
    return Deviation(metric.name, 0.0, actual, usual, 0.0, metric=metric)


def _slower(account: Account) -> str:
    if account.calls is None:
        return ""
    return "; ".join(_call(one, account.service) for one in account.calls.slower[:MOST_SLOWER])


def _call(one: Slower, service: str) -> str:
    caller, callee = one.edge
    whose = f"calls from {caller}" if callee == service else f"its calls to {callee}"
    times = f"{seconds(one.actual)} (usually {seconds(one.usual)})"
    return {
        "duration": f"{whose} take {times}",
        "callee_duration": f"{whose} are worked on for {times}",
        "gap": f"{whose} spend {times} between the two",
    }[one.basis]


def _lines(account: Account) -> str:
    errors = [one for one in account.patterns if one.is_error and not one.names]
    gone = [one for one in account.patterns if one.trend == "gone"]
    return "; ".join([*(_new(one) for one in errors[:1]), *(_gone(one) for one in gone[:1])])


def _new(one: PatternChange) -> str:
    before = f"{one.before} before" if one.before else "none before"
    return f"{one.within} lines “{example(one)}” ({before}; {percent(one.share)} of its lines)"


def _gone(one: PatternChange) -> str:
    return f"hardly any more “{example(one)}” ({one.within} lines, {number(one.expected)} expected)"


def example(one: PatternChange) -> str:
    text = one_line(excerpt(one.example, LONGEST_READ))
    return text if len(text) <= LONGEST_EXAMPLE else f"{excerpt(text, LONGEST_EXAMPLE)}…"


def _fewer(fewer: FewerCalls | None) -> str:
    if fewer is None:
        return ""
    if fewer.missing:
        return f"it is called as before and hardly calls {listed(list(fewer.missing[:3]))} any more"
    return "it makes fewer calls for each one that it receives"


def against(account: Account) -> str | None:
    """What speaks against it."""
    said = []
    if account.explained >= MOSTLY and account.explained_by:
        said.append(f"{account.explained_by} explains {percent(account.explained)} of what it shows")
    if account.place < 1:
        said.append("no call that was read leads there from the alerted service")
    if account.direct < NOTABLE:
        said.append("what it shows is hardly more than chance")
    return "; ".join(said) or None
