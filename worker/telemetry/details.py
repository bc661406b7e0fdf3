"""The second wave: of each scope its error types, its deployments and instances side by side, and its latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.domain.telemetry import Asked, Detail, Lines, Scope, ScopeDetail
from worker.domain.window import Window
from worker.telemetry import decode, impact_facts, queries
from worker.telemetry.landscape import Answers
from worker.telemetry.profiles import Logs, Metrics, Profile

MOST_SLICED = 3


@dataclass(frozen=True)
class Details:
    """What is asked of scopes, and what the answers say. `metrics` are those that tell a scope's parts, if any does.

    `rollout` is the time in which deployments are compared. `after` so many scopes that were asked before, questions
    are numbered on; what concerns the report as a whole was asked with the first.
    """

    profile: Profile
    metrics: Metrics | None
    scopes: Sequence[Scope]
    window: Window
    baseline: Window
    rollout: Window
    after: int = 0

    def questions(self) -> dict[str, Asked]:
        asked = dict[str, Asked]()
        if self.metrics:
            asked |= self._slices(self.metrics)
        if logs := self.profile.logs:
            asked |= self._of_logs(logs)
        if logs and self.profile.is_of_roles and not self.after:
            asked["lines_within"] = Asked(logs.index, queries.lines(logs, self.window), self.window)
            asked["lines_before"] = Asked(logs.index, queries.lines(logs, self.baseline), self.baseline)
        if self.scopes and not self.after:
            asked |= impact_facts.detail_questions(self.profile, self.scopes[0], self.window)
        return asked

    def _slices(self, metrics: Metrics) -> dict[str, Asked]:
        fields = (("instances", metrics.instance), ("deployments", metrics.deployment))
        return {
            f"{name}{number}": Asked(
                metrics.index, queries.slices(metrics, field, scope, self.window, self.baseline), self._both
            )
            for number, scope in enumerate(self.scopes, self.after)
            for name, field in fields
            if field and number < MOST_SLICED
        }

    def _of_logs(self, logs: Logs) -> dict[str, Asked]:
        asked = {}
        window, baseline, rollout, both = self.window, self.baseline, self.rollout, self._both
        for number, scope in enumerate(self.scopes, self.after):
            asked[f"errors{number}"] = Asked(logs.index, queries.error_types(logs, scope, window, baseline), both)
            if logs.deployment:
                asked[f"parts{number}"] = Asked(logs.index, queries.by_deployment(logs, scope, rollout), rollout)
            if logs.latency_ms:
                asked[f"latency{number}"] = Asked(logs.index, queries.latency(logs, scope, window, baseline), both)
        return asked

    @property
    def _both(self) -> Window:
        return Window(start=self.baseline.start, end=self.window.end)

    def decoded(self, asked: dict[str, Asked], answers: Answers, unread: dict[str, str]) -> Detail:
        logs = self.profile.logs
        scopes = {scope: self._of_scope(answers, number) for number, scope in enumerate(self.scopes, self.after)}
        lines = _lines(answers, logs) if logs else Lines()
        return Detail(scopes, asked, unread, lines, impact_facts.detail_answers(answers))

    def _of_scope(self, answers: Answers, number: int) -> ScopeDetail:
        detail, logs, metrics = ScopeDetail(), self.profile.logs, self.metrics
        if logs and (answer := answers.get(f"errors{number}")):
            decode.error_types(answer, logs, detail)
        if answer := answers.get(f"parts{number}"):
            detail.parts = decode.parts(answer)
        if answer := answers.get(f"latency{number}"):
            decode.latency(answer, detail)
        if metrics and (answer := answers.get(f"instances{number}")):
            detail.instances = decode.slices(answer, metrics, self.window, self.baseline)
        if metrics and (answer := answers.get(f"deployments{number}")):
            detail.deployments = decode.slices(answer, metrics, self.window, self.baseline)
        return detail


def joined(first: Detail, further: Detail) -> Detail:
    """With the details of further scopes."""
    return Detail(
        first.scopes | further.scopes,
        first.asked | further.asked,
        first.unread | further.unread,
        first.lines,
        first.impact,
    )


def _lines(answers: Answers, logs: Logs) -> Lines:
    before, within = answers.get("lines_before"), answers.get("lines_within")
    return Lines(
        before=decode.lines(before, logs) if before else [],
        within=decode.lines(within, logs) if within else [],
        is_sample=any(one["hits"]["total"]["value"] > queries.MAX_LINES for one in (before, within) if one),
    )
