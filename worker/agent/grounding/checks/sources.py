"""Which evidence a figure is from: what is cited behind it has to be one of these."""

from __future__ import annotations

from worker.agent.grounding.report.known import Fact

COUNTED = ("count", "requests", "orders", "users", "per_minute", "per_second", "lines", "incidents")


def of(held: list[Fact], close: list[Fact]) -> frozenset[str]:
    """ "The mean latency went up to 2,180 ms [e5]": also what has it of a deployment that is not named.

    `held`: the facts that hold what is told; `close`: all that have its value.
    """
    if not all(_is_telling(fact) for fact in held):
        return frozenset()
    kinds = {_kind(one) for one in held}
    return frozenset(one.evidence for one in close if one.evidence and _kind(one) in kinds)


def _kind(fact: Fact) -> tuple[str | None, ...]:
    return (fact.dimension, fact.signal, fact.role, fact.statistic, fact.whole, fact.subject.service)


def _is_telling(fact: Fact) -> bool:
    """Of nothing, and of a few log lines, there is much in any evidence."""
    return fact.value != 0 and (fact.dimension not in COUNTED or fact.of is not None)
