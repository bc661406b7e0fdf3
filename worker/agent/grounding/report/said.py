"""What a sentence says of one of its figures, for a fact to be set beside it."""

from __future__ import annotations

from typing import NamedTuple

from worker.agent.grounding.report.known import Subject


class Said(NamedTuple):
    """What the sentence says of one of its figures: whose it is, when, and of what.

    `metrics`: what was measured that is no signal of ours. `metric`: the field that it is said to be of, by its name.
    `alone`: metrics that need not be named, as they are the only ones of their dimension.
    `it`: the services that a pronoun before it means. `opening`: the sentence that a list of shares began with.
    """

    subjects: tuple[Subject, ...]
    it: frozenset[str]
    lines: frozenset[str]
    patterns: dict[str, frozenset[str]]
    previous: str
    opening: str
    metrics: frozenset[str]
    metric: str | None
    alone: frozenset[str]
    names: frozenset[str]
    services: frozenset[str]
    regions: frozenset[str]
    role: str | None
    topics: frozenset[str]
    statistic: str | None
    whole: str | None
    types: frozenset[str]
    of_time: str | None
    deployment: str | None
    named_part: str | None
    deployments: frozenset[str]
    caller: str | None
    callee: str | None
    clause: str
    before: str
    after: str
    is_errors: bool
    has_mean: bool
    quantile: str | None
    per: str | None
    rank: str | None
